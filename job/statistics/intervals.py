"""Feeds the resampling from the staging relations, and gives its results as tables that the marts join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from job.statistics.resampling import (
    FEWEST_CLUSTERS,
    RESAMPLES,
    Floats,
    PatientSums,
    bootstrap,
    draws,
    interval,
    paired_test,
    spearman,
)

Columns = Mapping[str, NDArray[Any]]

KEYS = ("measure", "dataset", "task", "model", "baseline", "prompt", "protocol", "mask_choice", "step")
OVERALL_KEYS = ("measure", "model", "baseline", "prompt", "protocol", "mask_choice", "step")


def intervals_and_tests(
    connection: duckdb.DuckDBPyConnection, *, seed: int, confidence: float, resamples: int = RESAMPLES
) -> dict[str, pa.Table]:
    """Compute, from cells and their patients, the relations that the marts join by their keys.

    score_intervals and overall_intervals of mean IoU; difference_intervals, overall_difference_intervals and tests of
    model against baseline.
    """
    cells: Columns = connection.table("cells").fetchnumpy()
    rows: Columns = connection.table("cell_patients").fetchnumpy()
    datasets: Columns = connection.table("dataset_patients").fetchnumpy()
    count = len(cells["cell"])
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    overall = _Overall(cells, resamples)
    tests: list[dict[str, Any]] = []
    for index, name, patients in zip(datasets["dataset_index"], datasets["dataset"], datasets["patients"], strict=True):
        mine = np.flatnonzero(cells["dataset_index"] == index)
        if not len(mine):
            continue
        sums = _sums(rows, rows["dataset_index"] == index, first=int(mine[0]), cells=len(mine), patients=int(patients))
        statistics_BC = bootstrap(sums, seed, str(name), resamples)
        lows, highs = interval(statistics_BC, confidence)
        enough = sums.patients >= FEWEST_CLUSTERS
        low[mine], high[mine] = np.where(enough, lows, np.nan), np.where(enough, highs, np.nan)
        overall.add(mine, statistics_BC, enough)
        tests.extend(_tests(cells, mine, sums))
    by_task, over_tasks = _table(cells, KEYS, low, high), overall.table(confidence)
    return {
        "score_intervals": _measured(by_task, "iou").drop(["baseline"]),
        "overall_intervals": _measured(over_tasks, "iou").drop(["baseline"]),
        "difference_intervals": _measured(by_task, "difference"),
        "overall_difference_intervals": _measured(over_tasks, "difference"),
        "tests": pa.Table.from_pylist(tests, schema=TESTS),
    }


def size_rho(
    connection: duckdb.DuckDBPyConnection, *, seed: int, confidence: float, resamples: int = RESAMPLES
) -> pa.Table:
    """Compute the relation `size_rho` from size_moments and dataset_patients."""
    rows: Columns = connection.table("size_moments").fetchnumpy()
    datasets: Columns = connection.table("dataset_patients").fetchnumpy()
    runs = int(rows["run"].max()) + 1 if len(rows["run"]) else 0
    moments_N6 = np.stack([rows[name].astype(np.float64) for name in MOMENTS], axis=1)
    whole_R6, clusters_R = np.zeros((runs, 6)), np.bincount(rows["run"].astype(np.int64), minlength=runs)
    drawn_BR6 = np.zeros((resamples if runs else 0, runs, 6))
    for name, patients in zip(datasets["dataset"], datasets["patients"], strict=True):
        mine = rows["dataset"] == name
        laid_RP6 = np.zeros((runs, int(patients), 6))
        laid_RP6[rows["run"][mine], rows["patient_index"][mine]] = moments_N6[mine]
        whole_R6 += laid_RP6.sum(axis=1)
        start = 0
        for drawn_BP in draws(int(patients), len(drawn_BR6), seed, str(name)):
            drawn_BR6[start : start + len(drawn_BP)] += np.einsum("bp,rpm->brm", drawn_BP, laid_RP6, optimize=True)
            start += len(drawn_BP)
    low, high = interval(spearman(drawn_BR6), confidence) if runs else (np.empty(0), np.empty(0))
    enough = clusters_R >= FEWEST_CLUSTERS
    _, first = np.unique(rows["run"], return_index=True)
    keys = {name: rows[name][first] for name in RUN_KEYS}
    table = _table(keys, RUN_KEYS, np.where(enough, low, np.nan), np.where(enough, high, np.nan))
    columns = {"objects": whole_R6[:, 0].astype(np.int64), "clusters": clusters_R, "rho": spearman(whole_R6)}
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values, from_pandas=True))
    return table


MOMENTS = ("n", "sum_r", "sum_s", "sum_rr", "sum_ss", "sum_rs")
RUN_KEYS = ("model", "prompt", "protocol", "mask_choice", "step")
TESTS = pa.schema(
    [
        *((name, pa.int32() if name == "step" else pa.string()) for name in KEYS[1:]),
        ("patient_mean_difference", pa.float64()),
        ("nonzero_differences", pa.int64()),
        ("p", pa.float64()),
        ("rank_biserial", pa.float64()),
    ]
)


class _Overall:
    """Means over tasks, resample by resample, of every row over tasks."""

    def __init__(self, cells: Columns, resamples: int) -> None:
        self._cells = cells
        count = int(cells["overall"].max()) + 1 if len(cells["overall"]) else 0
        self._sums_BO = np.zeros((resamples, count))
        self._tasks_O = np.zeros(count)
        self._enough_O = np.ones(count, np.bool_)

    def add(self, mine: NDArray[np.int64], statistics_BC: Floats, enough_C: NDArray[np.bool_]) -> None:
        """Add the cells of one data set."""
        for column, cell in enumerate(mine):
            row = int(self._cells["overall"][cell])
            self._sums_BO[:, row] += statistics_BC[:, column]
            self._tasks_O[row] += 1
            self._enough_O[row] &= enough_C[column]

    def table(self, confidence: float) -> pa.Table:
        """Give the intervals of the means over tasks; null where a task has too few clusters."""
        if not len(self._tasks_O):
            return _table(self._cells, OVERALL_KEYS, np.empty(0), np.empty(0))
        low, high = interval(self._sums_BO / self._tasks_O, confidence)
        _, first = np.unique(self._cells["overall"], return_index=True)
        keys = {name: self._cells[name][first] for name in OVERALL_KEYS}
        return _table(keys, OVERALL_KEYS, np.where(self._enough_O, low, np.nan), np.where(self._enough_O, high, np.nan))


def _sums(rows: Columns, mine: NDArray[np.bool_], *, first: int, cells: int, patients: int) -> PatientSums:
    """Lay one data set's rows out as cells by patients; its cells are numbered on from `first`."""
    where = rows["cell"][mine] - first, rows["patient_index"][mine]
    totals_CP, counts_CP = np.zeros((cells, patients)), np.zeros((cells, patients))
    totals_CP[where] = rows["total"][mine]
    counts_CP[where] = rows["objects"][mine]
    return PatientSums(totals_CP=totals_CP, counts_CP=counts_CP)


def _tests(cells: Columns, mine: NDArray[np.int64], sums: PatientSums) -> list[dict[str, Any]]:
    found = []
    for column, cell in enumerate(mine):
        if cells["measure"][cell] == "difference":
            there = sums.counts_CP[column] > 0
            means_P = sums.totals_CP[column, there] / sums.counts_CP[column, there]
            key = {name: cells[name][cell].item() if name == "step" else cells[name][cell] for name in KEYS[1:]}
            found.append({**key, **vars(paired_test(means_P))})
    return found


def _measured(table: pa.Table, measure: str) -> pa.Table:
    """Keep the rows of one measure."""
    return table.filter(pc.equal(table["measure"], measure)).drop(["measure"])


def _table(columns: Columns, names: tuple[str, ...], low: Floats, high: Floats) -> pa.Table:
    """Give keys with an interval; NaN, which SQL would take for a number, becomes null."""
    arrays = {name: pa.array(columns[name].tolist(), pa.int32() if name == "step" else pa.string()) for name in names}
    bounds = {"low": pa.array(low, from_pandas=True), "high": pa.array(high, from_pandas=True)}
    return pa.table(arrays | bounds)
