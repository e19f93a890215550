"""Bootstrap intervals, crossings and ranks of the cells, as relations that the marts join by number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from job.statistics.bootstrap_t import Estimate, Linear, Range, bootstrap_t
from job.statistics.cells import Cells, Cohort, Columns, blocks
from job.statistics.crossing import find_crossing
from job.statistics.estimates import Estimates
from job.statistics.relations import relation
from job.statistics.resampling import DIGITS, FEWEST_CLUSTERS, Floats, Spread, interval

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What intervals are computed from.

    rows: columns of rows_over_tasks: step, is_difference, is_iou_difference, is_proportion, lowest and highest;
    series_index and series_steps, the number of a series and of its clicks, -1 outside series. groups: rows over tasks
    of each group of models to rank. margin: of non-inferiority, None if there is none.
    """

    cells: Cells
    rows: Columns
    groups: Sequence[Sequence[int]]
    seed: int
    confidence: float
    margin: float | None


@dataclass
class _Relations:
    """Rows of the relations in the making, and the resampled means over tasks that ranks need later."""

    intervals: list[Row] = field(default_factory=list)
    overall_intervals: list[Row] = field(default_factory=list)
    crossings: list[Row] = field(default_factory=list)
    clicks_ahead: list[Row] = field(default_factory=list)
    kept: dict[int, tuple[Floats, Spread]] = field(default_factory=dict)


def intervals(inputs: Inputs) -> dict[str, pa.Table]:
    """Compute the relations `intervals`, `overall_intervals`, `crossings`, `clicks_ahead` and `resampled_ranks`.

    A cell of fewer than FEWEST_CLUSTERS clusters has no interval, and leaves the interval over tasks to the others.
    """
    made = _Relations()
    ranked = {row for group in inputs.groups for row in group}
    for rows in blocks(inputs.rows["series_index"]):
        overall = Estimates(rows.start, rows.stop - rows.start)
        for cohort in inputs.cells.cohorts:
            _add_cohort(inputs, made, overall, cohort, rows)
        _finish(inputs, made, overall, ranked)
    rows_of = vars(made) | {"resampled_ranks": list(_ranks(inputs, made))}
    names = ("intervals", "overall_intervals", "crossings", "clicks_ahead", "resampled_ranks")
    return {name: relation(name, rows_of[name]) for name in names}


def _add_cohort(inputs: Inputs, made: _Relations, overall: Estimates, cohort: Cohort, rows: slice) -> None:
    """Resample the cells of a cohort's tasks: their intervals and crossings, and their part in the rows over tasks."""
    cells, part = inputs.cells, overall.linear_part(cohort.clusters)
    drawn_BP = None
    for task in cohort.tasks:
        own = cells.of_task(task, rows)
        own = own[cells.clusters_C[own] >= FEWEST_CLUSTERS]
        if not len(own):
            continue
        drawn_BP = cohort.draws(inputs.seed) if drawn_BP is None else drawn_BP
        linear = Linear.of(*cells.sums(own, cohort.clusters))
        errors_CB, variances_CB = linear.resampled(drawn_BP)
        part.add_means(cells.over_C[own] - rows.start, linear, errors_CB, variances_CB)
        for place, row in enumerate(map(int, cells.over_C[own])):
            estimate = linear.estimate(place, errors_CB[place], variances_CB[place])
            made.intervals.append({"over_tasks": row, "task_index": task, **_bounds(inputs, row, estimate)})
        series_C = inputs.rows["series_index"][cells.over_C[own]]
        for number in np.unique(series_C[series_C >= 0]):
            places = np.flatnonzero(series_C == number)
            spread = Spread.of(float(linear.clusters[places].min()))
            key = {"series_index": int(number), "task_index": task}
            means_K = linear.mean_C[places]
            over = [int(row) for row in cells.over_C[own[places]]]
            _cross(inputs, made, key, over, means_K, means_K[:, None] + errors_CB[places], spread)
    if drawn_BP is not None:
        overall.add_drawn(part, drawn_BP)


def _finish(inputs: Inputs, made: _Relations, overall: Estimates, ranked: set[int]) -> None:
    """Compute the intervals and crossings of a block's rows over tasks, and keep the resamples that ranks need."""
    series: dict[int, list[int]] = defaultdict(list)
    for place in overall.places:
        row, estimate = overall.first + place, overall.estimate(place)
        described = {"interval_tasks": overall.tasks(place), "interval_mean": estimate.mean}
        made.overall_intervals.append({"over_tasks": row, **described, **_bounds(inputs, row, estimate)})
        if row in ranked:
            made.kept[row] = overall.resampled(place), estimate.spread
        if inputs.rows["series_index"][row] >= 0:
            series[int(inputs.rows["series_index"][row])].append(place)
    for number, places in series.items():
        key, rows = {"series_index": number, "task_index": None}, [overall.first + place for place in places]
        means_K = np.array([overall.mean(place) for place in places])
        resampled_KB = np.stack([overall.resampled(place) for place in places])
        _cross(inputs, made, key, rows, means_K, resampled_KB, overall.spread(places[-1]))


def _cross(
    inputs: Inputs,
    made: _Relations,
    key: Row,
    rows: Sequence[int],
    means_K: Floats,
    resampled_KB: Floats,
    spread: Spread,
) -> None:
    """Find the crossing of one series, of a task or over tasks, unless a click of it has no mean."""
    if len(rows) < inputs.rows["series_steps"][rows[0]]:
        return
    found = find_crossing(means_K, resampled_KB, spread, inputs.confidence)
    if found is None:
        return
    names = ("low", "median", "high", "without", "ahead", "ahead_from")
    made.crossings.append(key | {name: getattr(found, name) for name in names})
    for place, row in enumerate(rows):
        bounds = {"minus_ahead": found.minus_ahead_K[place], "low": found.low_K[place], "high": found.high_K[place]}
        made.clicks_ahead.append(key | {"step": int(inputs.rows["step"][row])} | bounds)


def _bounds(inputs: Inputs, row: int, estimate: Estimate) -> Row:
    """Return the interval of one mean, and of a difference of IoU the probability that it is not inferior.

    Clusters that do not differ show the same difference everywhere; of values that are 0 or 1, they show none.
    """
    columns = ("lowest", "highest", "is_proportion", "is_difference", "is_iou_difference")
    lowest, highest, is_proportion, is_difference, is_iou_difference = (inputs.rows[name][row] for name in columns)
    values = Range(lowest=float(lowest), highest=float(highest), is_binary=bool(is_proportion))
    result: Row = vars(bootstrap_t(estimate, values.of_differences() if is_difference else values, inputs.confidence))
    if is_difference and is_proportion and not estimate.varies:
        result = result | {"low": None, "high": None}
    if inputs.margin is not None and is_iou_difference and result["low"] is not None:
        resampled_B = estimate.mean + estimate.error_B[~np.isnan(estimate.error_B)]
        result = result | {"not_inferior": float(np.mean(resampled_B > -inputs.margin))}
    return result


def _ranks(inputs: Inputs, made: _Relations) -> Iterator[Row]:
    """Yield the rank of each model of each group, 1 for the highest mean, with its interval over the resamples.

    Means are those of the tasks that have an interval. best: share of resamples in which the model has rank 1.
    """
    cells = inputs.cells
    for number, group in enumerate(inputs.groups):
        if not all(row in made.kept for row in group):
            continue
        enough = [own[cells.clusters_C[own] >= FEWEST_CLUSTERS] for own in map(cells.of_row, group)]
        means_M = np.array([np.mean(cells.mean_C[own]) for own in enough])
        from scipy import stats  # takes a second to import, and few studies have ranks with intervals

        ranks = stats.rankdata(-np.round(means_M, DIGITS))
        resampled_MB = stats.rankdata(-np.round([made.kept[row][0] for row in group], DIGITS), axis=0)
        for place, row in enumerate(group):
            bounds = vars(interval(resampled_MB[place], made.kept[row][1], inputs.confidence))
            best = float(np.mean(resampled_MB[place] == 1))
            yield {"group_index": number, "over_tasks": row, "rank": ranks[place], "best": best, **bounds}
