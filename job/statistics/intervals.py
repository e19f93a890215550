"""Bootstrap intervals and paired tests of the staging relations, as relations that the marts join by number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from job.statistics.resampling import Floats, PatientSums, bootstrap, draws, interval, paired_test, spearman

Columns = Mapping[str, NDArray[Any]]

RESAMPLES = 10_000
FEWEST_CLUSTERS = 2
"""Fewer clusters have no interval."""
MOMENTS = ("n", "sum_r", "sum_s", "sum_rr", "sum_ss", "sum_rs")
TESTS = pa.schema(
    [
        ("cell", pa.int64()),
        ("patient_mean_difference", pa.float64()),
        ("nonzero_differences", pa.int64()),
        ("p", pa.float64()),
        ("rank_biserial", pa.float64()),
    ]
)


def intervals_and_tests(connection: duckdb.DuckDBPyConnection, *, seed: int, confidence: float) -> dict[str, pa.Table]:
    """Compute the relations `cell_intervals`, `overall_intervals` and `tests` from the cells and their patients.

    cell_intervals: cell, low, high. overall_intervals: overall, low, high. tests: cell and the fields of `PairedTest`,
    for the cells that measure a difference.
    """
    cells = _fetch(connection, "cells", "overall", "dataset_index", "measure")
    tasks_O = np.bincount(cells["overall"])
    sums_OB, enough_O = np.zeros((len(tasks_O), RESAMPLES)), np.ones(len(tasks_O), np.bool_)
    bounds_2N = np.full((2, len(cells["overall"])), np.nan)
    tests: list[dict[str, Any]] = []
    for name, own, sums in _data_sets(connection, cells):
        statistics_BC = bootstrap(sums, RESAMPLES, seed, name)
        enough_C = sums.patients >= FEWEST_CLUSTERS
        bounds_2N[:, own] = _bounds(statistics_BC, enough_C, confidence)
        for column, overall in enumerate(cells["overall"][own]):
            sums_OB[overall] += statistics_BC[:, column]
            enough_O[overall] &= enough_C[column]
        tests += [
            _test(sums, column, cell) for column, cell in enumerate(own) if cells["measure"][cell] == "difference"
        ]
    bounds_2O = _bounds((sums_OB / tasks_O[:, None]).T, enough_O, confidence)
    return {
        "cell_intervals": _interval_table("cell", bounds_2N),
        "overall_intervals": _interval_table("overall", bounds_2O),
        "tests": pa.Table.from_pylist(tests, schema=TESTS),
    }


def size_rho(connection: duckdb.DuckDBPyConnection, *, seed: int, confidence: float) -> pa.Table:
    """Compute the relation `size_rho` (ranking, low, high, rho) from size_moments and dataset_patients."""
    rows = _fetch(connection, "size_moments", "ranking", "dataset_index", "patient_index", *MOMENTS)
    datasets = _fetch(connection, "dataset_patients", "dataset_index", "dataset", "patients")
    moments_N6 = np.stack([rows[name].astype(np.float64) for name in MOMENTS], axis=1)
    clusters_R = np.bincount(rows["ranking"])
    whole_R6, drawn_BR6 = np.zeros((len(clusters_R), 6)), np.zeros((RESAMPLES, len(clusters_R), 6))
    for index, name, patients in zip(datasets["dataset_index"], datasets["dataset"], datasets["patients"], strict=True):
        own = rows["dataset_index"] == index
        moments_RP6 = np.zeros((len(clusters_R), int(patients), 6))
        moments_RP6[rows["ranking"][own], rows["patient_index"][own]] = moments_N6[own]
        whole_R6 += moments_RP6.sum(axis=1)
        start = 0
        for drawn_BP in draws(int(patients), RESAMPLES, seed, str(name)):
            drawn_BR6[start : start + len(drawn_BP)] += np.einsum("bp,rpm->brm", drawn_BP, moments_RP6, optimize=True)
            start += len(drawn_BP)
    bounds_2R = _bounds(spearman(drawn_BR6), clusters_R >= FEWEST_CLUSTERS, confidence)
    rho = pa.array(spearman(whole_R6), from_pandas=True)
    return _interval_table("ranking", bounds_2R).append_column("rho", rho)


def _fetch(connection: duckdb.DuckDBPyConnection, relation: str, *columns: str) -> Columns:
    """Return columns of a relation as arrays, in the order of its rows."""
    return connection.table(relation).select(*columns).fetchnumpy()


def _data_sets(
    connection: duckdb.DuckDBPyConnection, cells: Columns
) -> Iterator[tuple[str, NDArray[np.int64], PatientSums]]:
    """Yield the name of each data set that has cells, the numbers of its cells (C,), and its sums."""
    rows = _fetch(connection, "cell_patients", "cell", "dataset_index", "patient_index", "objects", "total")
    datasets = _fetch(connection, "dataset_patients", "dataset_index", "dataset", "patients")
    for index, name, patients in zip(datasets["dataset_index"], datasets["dataset"], datasets["patients"], strict=True):
        own = np.flatnonzero(cells["dataset_index"] == index)
        if len(own):
            own_rows = {column: values[rows["dataset_index"] == index] for column, values in rows.items()}
            yield str(name), own, _sums(own_rows, first=int(own[0]), cells=len(own), patients=int(patients))


def _sums(rows: Columns, *, first: int, cells: int, patients: int) -> PatientSums:
    """Arrange one data set's rows of cell_patients as cells by patients. Its cells are numbered from `first`."""
    where = rows["cell"] - first, rows["patient_index"]
    totals_CP, counts_CP = np.zeros((cells, patients)), np.zeros((cells, patients))
    totals_CP[where] = rows["total"]
    counts_CP[where] = rows["objects"]
    return PatientSums(totals_CP=totals_CP, counts_CP=counts_CP)


def _test(sums: PatientSums, column: int, cell: int) -> dict[str, Any]:
    """Return the row of `tests` for one cell, on the means of its patients."""
    present_P = sums.counts_CP[column] > 0
    means_P = sums.totals_CP[column, present_P] / sums.counts_CP[column, present_P]
    return {"cell": cell, **vars(paired_test(means_P))}


def _bounds(statistics_BN: Floats, enough_N: NDArray[np.bool_], confidence: float) -> Floats:
    """Return the lower and upper bounds, (2, N), of the columns' intervals; NaN where the clusters are not enough."""
    if not len(enough_N):
        return np.empty((2, 0))  # numpy has no quantiles of nothing
    return np.where(enough_N, interval(statistics_BN, confidence), np.nan)


def _interval_table(number: str, bounds_2N: Floats) -> pa.Table:
    """Return a relation of intervals, numbered from 0. NaN, which SQL would take for a number, becomes null."""
    low, high = (pa.array(bounds_N, from_pandas=True) for bounds_N in bounds_2N)
    return pa.table({number: pa.array(range(bounds_2N.shape[1]), pa.int64()), "low": low, "high": high})
