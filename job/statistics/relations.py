"""The relations that are computed outside SQL, which the marts join by number: their Arrow schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

NUMBER, REAL, TEXT = pa.int64(), pa.float64(), pa.string()
CELL = {"over_tasks": NUMBER, "task_index": NUMBER}
BOUNDS = {"low": REAL, "high": REAL}
SERIES = {"series_index": NUMBER, "task_index": NUMBER}

SCHEMAS = {
    "intervals": {**CELL, **BOUNDS, "lost_resamples": NUMBER, "not_inferior": REAL},
    "overall_intervals": {
        "over_tasks": NUMBER,
        "interval_tasks": NUMBER,
        "interval_mean": REAL,
        **BOUNDS,
        "lost_resamples": NUMBER,
        "not_inferior": REAL,
    },
    "crossings": {
        **SERIES,
        "low": NUMBER,
        "median": NUMBER,
        "high": NUMBER,
        "without": REAL,
        "ahead": TEXT,
        "ahead_from": NUMBER,
    },
    "clicks_ahead": {**SERIES, "step": NUMBER, "minus_ahead": REAL, **BOUNDS},
    "resampled_ranks": {"group_index": NUMBER, "over_tasks": NUMBER, "rank": REAL, **BOUNDS, "best": REAL},
    "tests": {
        **CELL,
        "p": REAL,
        "p_holm": REAL,
        "cluster_mean_difference": REAL,
        "nonzero_differences": NUMBER,
        "wilcoxon_p": REAL,
        "rank_biserial": REAL,
    },
    "overall_tests": {"over_tasks": NUMBER, "p": REAL},
    "correlations": {
        "ranking": NUMBER,
        "task_index": NUMBER,
        "rho": REAL,
        **BOUNDS,
        "tasks": NUMBER,
        "interval_tasks": NUMBER,
        "lost_resamples": NUMBER,
    },
    "task_columns": {"task_index": NUMBER, "task_column": TEXT},
}
"""Column names and types of each relation. A row over tasks has a null `task_index`."""


def relation(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return the rows of a relation as a table; a column that a row lacks is null."""
    return pa.Table.from_pylist(list(rows), schema=pa.schema(SCHEMAS[name]))
