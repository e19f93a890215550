"""Bootstrap intervals, crossings and ranks of the cells, as relations that the marts join by number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from job.statistics.bounded import bounded_interval
from job.statistics.cells import Cells, Cohort, Columns, blocks
from job.statistics.crossing import find_crossing
from job.statistics.over_tasks import OverTasks
from job.statistics.relations import relation
from job.statistics.resampling import DIGITS, FEWEST_CLUSTERS, Floats, Spread, effective_clusters, interval

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What intervals are computed from.

    rows: columns of rows_over_tasks: step, is_difference, is_iou_difference, object_values; series_index and
    series_steps, the number of a series and of its clicks, -1 outside series. groups: rows over tasks of each group of
    models to rank. margin: of non-inferiority, None if there is none.
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
        overall = OverTasks(rows.start, rows.stop - rows.start)
        for cohort in inputs.cells.cohorts:
            _add_cohort(inputs, made, overall, cohort, rows)
        _finish(inputs, made, overall, ranked)
    rows_of = vars(made) | {"resampled_ranks": list(_ranks(inputs, made))}
    names = ("intervals", "overall_intervals", "crossings", "clicks_ahead", "resampled_ranks")
    return {name: relation(name, rows_of[name]) for name in names}


def _add_cohort(inputs: Inputs, made: _Relations, overall: OverTasks, cohort: Cohort, rows: slice) -> None:
    """Resample the cells of a cohort's tasks: their intervals and crossings, and their part in the rows over tasks."""
    cells, part = inputs.cells, overall.part(cohort.clusters)
    drawn_BP = None
    for task in cohort.tasks:
        own = cells.of_task(task, rows)
        own = own[cells.clusters_C[own] >= FEWEST_CLUSTERS]
        if not len(own):
            continue
        drawn_BP = cohort.draws(inputs.seed) if drawn_BP is None else drawn_BP
        resampled_CB, counts_CP = cells.resampled(own, drawn_BP)
        effective_C = effective_clusters(counts_CP)
        for cell, statistics_B, counts_P, effective in zip(own, resampled_CB, counts_CP, effective_C, strict=True):
            row, spread = int(cells.over_C[cell]), Spread.of(float(effective))
            sampled = _Sampled(float(cells.mean_C[cell]), statistics_B, float(counts_P.sum()), spread)
            made.intervals.append({"over_tasks": row, "task_index": task, **_bounds(inputs, row, sampled)})
        series_C = inputs.rows["series_index"][cells.over_C[own]]
        for number in np.unique(series_C[series_C >= 0]):
            places = np.flatnonzero(series_C == number)
            key, spread = {"series_index": int(number), "task_index": task}, Spread.of(float(effective_C[places].min()))
            over = [int(row) for row in cells.over_C[own[places]]]
            _cross(inputs, made, key, over, cells.mean_C[own[places]], resampled_CB[places], spread)
        part.add(cells.over_C[own] - rows.start, cells.mean_C[own], resampled_CB, counts_CP)
    overall.add(part)


def _finish(inputs: Inputs, made: _Relations, overall: OverTasks, ranked: set[int]) -> None:
    """Compute the intervals and crossings of a block's rows over tasks, and keep the resamples that ranks need."""
    series: dict[int, list[int]] = defaultdict(list)
    for place in overall.places:
        row, statistics_B, spread = overall.first + place, overall.resampled(place), overall.spread(place)
        described = {"interval_tasks": overall.tasks(place), "interval_mean": overall.mean(place)}
        sampled = _Sampled(overall.mean(place), statistics_B, overall.objects(place), spread)
        made.overall_intervals.append({"over_tasks": row, **described, **_bounds(inputs, row, sampled)})
        if row in ranked:
            made.kept[row] = statistics_B, spread
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


class _Sampled(NamedTuple):
    """A statistic, its resamples, float64 (B,), and the number of its objects."""

    mean: float
    resampled_B: Floats
    objects: float
    spread: Spread


def _bounds(inputs: Inputs, row: int, sampled: _Sampled) -> Row:
    """Return the interval of one statistic, and of a difference of IoU the probability that it is not inferior.

    Where no cluster shows a difference of values that are 0 or 1, there is none: all resamples would say 0.
    """
    values, confidence = inputs.rows["object_values"][row], inputs.confidence
    if values != "any" and not inputs.rows["is_difference"][row]:
        most_objects = sampled.objects if values == "0 or 1" else np.inf
        return vars(bounded_interval(sampled.mean, sampled.resampled_B, most_objects, sampled.spread, confidence))
    result: Row = vars(interval(sampled.resampled_B, sampled.spread, confidence))
    kept_B = sampled.resampled_B[~np.isnan(sampled.resampled_B)]
    if values == "0 or 1" and not kept_B.any():
        result = result | {"low": None, "high": None}
    if inputs.margin is not None and inputs.rows["is_iou_difference"][row] and result["low"] is not None:
        result = result | {"not_inferior": float(np.mean(kept_B > -inputs.margin))}
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
