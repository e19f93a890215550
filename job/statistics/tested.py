"""Tests of the cells that are paired differences, as relations that the marts join by number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from job.statistics.cells import BLOCK, Cells, Cohort
from job.statistics.paired_tests import flip_test, flips, holm, rank_test
from job.statistics.relations import relation
from job.statistics.resampling import DIGITS, FEWEST_CLUSTERS, RESAMPLES, Floats, Integers, resampled_sums

Row = dict[str, Any]


class _OverTasks:
    """What the clusters of all cohorts add to some rows over tasks, and the sums of it under flips, float64 (R, B)."""

    def __init__(self, rows: Integers) -> None:
        self.rows = rows
        self.tasks_R = np.zeros(len(rows))
        self.weights: list[Floats] = []
        self.flipped_RB = np.zeros((len(rows), RESAMPLES))

    def tests(self) -> Iterator[Row]:
        """Yield the test of each row. Over tasks, a cluster flips in all its tasks at once."""
        weights_RP = np.concatenate(self.weights, axis=1)
        for place in np.flatnonzero(self.tasks_R):
            p = flip_test(weights_RP[place], self.flipped_RB[place])
            yield {"over_tasks": int(self.rows[place]), "p": p}


def tests(cells: Cells, rows: Integers, *, seed: int) -> dict[str, pa.Table]:
    """Compute the relations `tests` and `overall_tests` of the rows over tasks that are tested.

    A task of fewer than FEWEST_CLUSTERS clusters has no part in the test over tasks.
    """
    by_task: list[Row] = []
    overall: list[Row] = []
    for start in range(0, len(rows), BLOCK):
        over_tasks = _OverTasks(rows[start : start + BLOCK])
        for cohort in cells.cohorts:
            by_task += _test_cohort(cells, cohort, over_tasks, seed)
        overall += over_tasks.tests()
    _correct(by_task)
    return {
        "tests": relation("tests", by_task),
        "overall_tests": relation("overall_tests", overall),
    }


def _test_cohort(cells: Cells, cohort: Cohort, over_tasks: _OverTasks, seed: int) -> Iterator[Row]:
    """Yield the tests of a cohort's cells, and add the cohort to the rows over tasks."""
    weights_RP = np.zeros((len(over_tasks.rows), cohort.clusters))
    signs_BP = None
    for task in cohort.tasks:
        own = cells.of_task_in_rows(task, over_tasks.rows)
        if not len(own):
            continue
        signs_BP = flips(cohort.clusters, seed, cohort.name) if signs_BP is None else signs_BP
        totals_CP, counts_CP = cells.sums(own, cohort.clusters)
        totals_CP = np.round(totals_CP, DIGITS)
        shares_CP = totals_CP / counts_CP.sum(axis=1, keepdims=True)  # their sum over clusters is the mean difference
        flipped_CB = resampled_sums(shares_CP, signs_BP)
        for place, cell in enumerate(own):
            present_P = counts_CP[place] > 0
            means_P: Floats = totals_CP[place, present_P] / counts_CP[place, present_P]
            key = {"over_tasks": int(cells.over_C[cell]), "task_index": task}
            yield key | {"p": flip_test(shares_CP[place], flipped_CB[place])} | vars(rank_test(means_P))
        enough_C = cells.clusters_C[own] >= FEWEST_CLUSTERS
        places = np.searchsorted(over_tasks.rows, cells.over_C[own[enough_C]])
        weights_RP[places] += shares_CP[enough_C]
        over_tasks.flipped_RB[places] += flipped_CB[enough_C]
        over_tasks.tasks_R[places] += 1
    over_tasks.weights.append(weights_RP)


def _correct(by_task: Sequence[Row]) -> None:
    """Add `p_holm`: over the tested tasks of each row over tasks."""
    families: dict[int, list[Row]] = defaultdict(list)
    for row in by_task:
        if row["p"] is not None:
            families[row["over_tasks"]].append(row)
    for family in families.values():
        for row, corrected in zip(family, holm(np.array([row["p"] for row in family])), strict=True):
            row["p_holm"] = float(corrected)
