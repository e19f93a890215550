"""Rank correlations with IoU within tasks, and over tasks by Fisher's z, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from job.statistics.cells import Columns, fetch, read_cohorts
from job.statistics.over_tasks import OverTasks
from job.statistics.relations import relation
from job.statistics.resampling import FEWEST_CLUSTERS, Floats, Spread, effective_clusters, interval, resampled_sums

MOMENTS = ("n", "sum_r", "sum_s", "sum_rr", "sum_ss", "sum_rs")
NEARLY_ONE = 1 - 1e-9
"""Fisher's z of a perfect correlation is infinite."""


def spearman(moments: Floats) -> Floats:
    """Return rho (…) from sums over objects (…, 6): n, Σr, Σs, Σrr, Σss, Σrs of ranks r and s; NaN without spread."""
    n, r, s, rr, ss, rs = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = (n * rr - r * r) * (n * ss - s * s)
        rho: Floats = np.where(squares > 0, (n * rs - r * s) / np.sqrt(squares), np.nan)
    return rho


def correlations(connection: duckdb.DuckDBPyConnection, *, seed: int, confidence: float) -> pa.Table:
    """Compute the relation `correlations` from rank_moments: each ranking's tasks, and the mean over tasks.

    The ranks are those of the whole sample. A task without spread has no correlation; one of fewer than FEWEST_CLUSTERS
    clusters has no interval. Neither has part in the interval over tasks, nor the first in the mean.
    """
    moments = fetch(connection, "rank_moments", "ranking", "task_index", "cluster_index", *MOMENTS)
    rankings = int(moments["ranking"].max(initial=-1)) + 1
    overall, rows = OverTasks(0, rankings), []
    for cohort in read_cohorts(connection):
        part, drawn_BP = overall.part(cohort.clusters), None
        for task in cohort.tasks:
            for ranking, moments_6P in _rankings(moments, task, cohort.clusters):
                row = _described(ranking, task, moments_6P)
                rows.append(row)
                clusters = int(np.count_nonzero(moments_6P[0]))
                if clusters < FEWEST_CLUSTERS or row["rho"] is None:
                    continue
                drawn_BP = cohort.draws(seed) if drawn_BP is None else drawn_BP
                rho_B = spearman(resampled_sums(moments_6P, drawn_BP).T)
                counts_1P = moments_6P[:1]
                row |= vars(interval(rho_B, Spread.of(float(effective_clusters(counts_1P)[0])), confidence))
                part.add(np.array([ranking]), fisher(np.array([row["rho"]])), fisher(rho_B)[None], counts_1P)
        overall.add(part)
    rows += [_over_tasks(overall, ranking, rows, confidence) for ranking in range(rankings)]
    return relation("correlations", rows)


def _rankings(moments: Columns, task: int, clusters: int) -> Iterator[tuple[int, Floats]]:
    """Yield the rankings of a task, and their moments by cluster, float64 (6, P)."""
    own = np.flatnonzero(moments["task_index"] == task)
    for ranking in np.unique(moments["ranking"][own]):
        rows = own[moments["ranking"][own] == ranking]
        moments_6P = np.zeros((len(MOMENTS), clusters))
        for place, name in enumerate(MOMENTS):
            moments_6P[place, moments["cluster_index"][rows]] = moments[name][rows]
        yield int(ranking), moments_6P


def _described(ranking: int, task: int, moments_6P: Floats) -> dict[str, Any]:
    """Return the row of a task without its interval."""
    rho = float(spearman(moments_6P.sum(axis=1)))
    return {"ranking": ranking, "task_index": task, "rho": None if np.isnan(rho) else rho}


def _over_tasks(overall: OverTasks, ranking: int, rows: list[dict[str, Any]], confidence: float) -> dict[str, Any]:
    """Return the row over the tasks that have a correlation. Its interval is of those that have enough clusters."""
    own = [row for row in rows if row["ranking"] == ranking and row["rho"] is not None]
    mean = float(np.tanh(np.mean(fisher(np.array([row["rho"] for row in own]))))) if own else None
    result: dict[str, Any] = {"ranking": ranking, "task_index": None, "tasks": len(own), "rho": mean}
    if ranking in overall.places:
        result["interval_tasks"] = overall.tasks(ranking)
        rho_B = np.tanh(overall.resampled(ranking))
        result |= vars(interval(rho_B, overall.spread(ranking), confidence))
    return result


def fisher(rho: Floats) -> Floats:
    """Return Fisher's z; of a perfect correlation, which has none, that of one just below."""
    z: Floats = np.arctanh(np.clip(rho, -NEARLY_ONE, NEARLY_ONE))
    return z
