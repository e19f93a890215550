"""The sums of the staging relations as arrays: cells, each a row over tasks x a task, and the clusters under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from job.statistics.resampling import Floats, Integers, draws

Columns = Mapping[str, NDArray[Any]]
BLOCK = 125
"""Rows over tasks that are resampled at once: 10 MiB of means, as much of variances, and as much for a task's cells."""


def fetch(connection: duckdb.DuckDBPyConnection, relation: str, *columns: str) -> Columns:
    """Return columns of a relation as arrays, in the order of its rows. A null number becomes -1."""
    values = connection.table(relation).select(*columns).fetchnumpy()
    return {name: np.ma.filled(column, -1) for name, column in values.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """Data sets that share patients. tasks: the numbers of their tasks."""

    name: str
    clusters: int
    tasks: tuple[int, ...]

    def draws(self, seed: int) -> NDArray[np.uint8]:
        """Return how often each cluster is drawn in each resample, uint8 (B, P)."""
        return draws(self.clusters, seed, self.name)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """All cells, in the order of their row over tasks and task, and the sums of their clusters.

    over_C, task_C, clusters_C: int64 (C,); mean_C: float64 (C,). offset_C: int64 (C + 1,), where a cell's
    clusters begin in cluster_N (int64), count_N and total_N (float64).
    """

    cohorts: tuple[Cohort, ...]
    rows: int
    over_C: Integers
    task_C: Integers
    clusters_C: Integers
    mean_C: Floats
    offset_C: Integers
    cluster_N: Integers
    count_N: Floats
    total_N: Floats

    def of_task(self, task: int, rows: slice) -> Integers:
        """Return the numbers of a task's cells among some rows over tasks, in their order."""
        first, last = np.searchsorted(self.over_C, [rows.start, rows.stop])
        cells: Integers = first + np.flatnonzero(self.task_C[first:last] == task)
        return cells

    def of_task_in_rows(self, task: int, rows: Integers) -> Integers:
        """Return the numbers of a task's cells in these rows over tasks, in their order."""
        first, last = np.searchsorted(self.over_C, rows), np.searchsorted(self.over_C, rows, side="right")
        cells = np.concatenate([np.arange(*bounds) for bounds in zip(first, last, strict=True)])
        of_task: Integers = cells[self.task_C[cells] == task]
        return of_task

    def of_row(self, row: int) -> Integers:
        """Return the numbers of the cells of one row over tasks."""
        first, last = np.searchsorted(self.over_C, [row, row + 1])
        return np.arange(first, last)

    def sums(self, cells: Integers, clusters: int) -> tuple[Floats, Floats]:
        """Return totals and counts of cells by the clusters of their cohort, two of float64 (C, P)."""
        totals_CP, counts_CP = np.zeros((len(cells), clusters)), np.zeros((len(cells), clusters))
        for place, cell in enumerate(cells):
            own = slice(self.offset_C[cell], self.offset_C[cell + 1])
            totals_CP[place, self.cluster_N[own]] = self.total_N[own]
            counts_CP[place, self.cluster_N[own]] = self.count_N[own]
        return totals_CP, counts_CP


def read_cells(connection: duckdb.DuckDBPyConnection) -> Cells:
    """Read the cells and their sums from the staging relations."""
    cells = fetch(connection, "cells", "over_tasks", "task_index", "clusters", "mean")
    sums = fetch(connection, "cell_sums", "cluster_index", "objects", "total")
    rows = fetch(connection, "rows_over_tasks", "over_tasks")["over_tasks"]
    return Cells(
        cohorts=read_cohorts(connection),
        rows=len(rows),
        over_C=cells["over_tasks"],
        task_C=cells["task_index"],
        clusters_C=cells["clusters"],
        mean_C=cells["mean"],
        offset_C=np.concatenate([[0], np.cumsum(cells["clusters"])]),
        cluster_N=sums["cluster_index"],
        count_N=sums["objects"].astype(np.float64),
        total_N=sums["total"].astype(np.float64),
    )


def read_cohorts(connection: duckdb.DuckDBPyConnection) -> tuple[Cohort, ...]:
    """Read the cohorts, in the order of their names, with their tasks."""
    cohorts = fetch(connection, "cohorts", "cohort", "clusters")
    tasks = fetch(connection, "tasks", "task_index", "cohort")
    return tuple(
        Cohort(name=str(name), clusters=int(clusters), tasks=tuple(tasks["task_index"][tasks["cohort"] == name]))
        for name, clusters in zip(cohorts["cohort"], cohorts["clusters"], strict=True)
    )


def blocks(series_R: Integers) -> Iterator[slice]:
    """Yield slices of about BLOCK rows over tasks that never cut a series of clicks.

    series_R: the number of each row's series, int64 (R,); -1 for a row outside series.
    """
    start = 0
    for stop in range(1, len(series_R) + 1):
        is_cut = stop < len(series_R) and series_R[stop] >= 0 and series_R[stop] == series_R[stop - 1]
        if stop == len(series_R) or (stop - start >= BLOCK and not is_cut):
            yield slice(start, stop)
            start = stop
