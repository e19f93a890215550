"""Run the .sql files in order. Each holds one SELECT and is named after its relation.

macros.sql serves them all, and table.sql makes a table of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

import duckdb
import numpy as np
import pyarrow as pa

from job.errors import OutputError
from job.plan.file import PlannedModel
from job.statistics.cells import fetch, read_cells
from job.statistics.columns import column_names
from job.statistics.correlations import correlations
from job.statistics.intervals import Inputs, intervals
from job.statistics.names import CHECKS, MARTS, MEANS, SUMS
from job.statistics.relations import relation
from job.statistics.settings import settings
from job.statistics.tested import tests
from job.study.statistics import Statistics
from job.study.study import Study

SHOWN_ROWS = 3
ROWS = (
    *("step", "tested", "is_difference", "is_iou_difference", "is_proportion", "lowest", "highest"),
    *("series_index", "series_steps"),
)
"""Columns of rows_over_tasks."""
MEMORY = "SET memory_limit = '3GB'"  # beyond it, DuckDB works on disk in its temp_directory


def compute(
    connection: duckdb.DuckDBPyConnection, study: Study, models: Mapping[str, PlannedModel]
) -> dict[str, pa.Table]:
    """Check the rows, then compute the marts, on a connection with the relations iou, objects, boundary and excluded.

    models: those of the plan, by name. Raise OutputError if a check fails.
    """
    return run(connection, settings(study, models), study.statistics, means=MEANS, marts=MARTS)


def run(
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, pa.Table],
    statistics: Statistics,
    *,
    means: Sequence[str],
    marts: Sequence[str],
) -> dict[str, pa.Table]:
    """Check the rows, then compute some of the marts. relations: the settings that the .sql files join.

    means, marts: those of MEANS and MARTS that are wanted, in their order. Raise OutputError if a check fails.
    """
    connection.execute(MEMORY)
    connection.execute(read_sql("macros"))
    _check(connection)
    for name, table in relations.items():
        connection.register(name, table)
    for name in SUMS:
        _create(connection, "staging", name)
    for name, table in _resampled(connection, statistics).items():
        connection.register(name, table)
    for name in means:
        _create(connection, "staging", name)
    for name in marts:
        _create(connection, "marts", name)
    return {name: connection.table(name).to_arrow_table() for name in marts}


def _create(connection: duckdb.DuckDBPyConnection, folder: str, name: str) -> None:
    connection.execute(read_sql("table").format(name=name, query=read_sql(f"{folder}/{name}")))


def _resampled(connection: duckdb.DuckDBPyConnection, statistics: Statistics) -> dict[str, pa.Table]:
    """Compute what SQL cannot: intervals, tests, correlations, and the names of columns."""
    seed, confidence = statistics.seed, statistics.confidence
    cells = read_cells(connection)
    rows = fetch(connection, "rows_over_tasks", *ROWS)
    groups = fetch(connection, "rank_groups", "group_index", "over_tasks")
    inputs = Inputs(
        cells=cells,
        rows=rows,
        groups=[
            list(groups["over_tasks"][groups["group_index"] == group]) for group in np.unique(groups["group_index"])
        ],
        seed=seed,
        confidence=confidence,
        margin=statistics.margin,
    )
    tasks = connection.table("tasks").select("task_index", "dataset", "task").fetchall()
    names = column_names([(dataset, task) for _, dataset, task in tasks])
    return {
        **intervals(inputs),
        **tests(cells, np.flatnonzero(rows["tested"]), seed=seed),
        "correlations": correlations(connection, seed=seed, confidence=confidence),
        "task_columns": relation(
            "task_columns",
            [{"task_index": task[0], "task_column": name} for task, name in zip(tasks, names, strict=True)],
        ),
    }


def _check(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise OutputError, with examples, if a check returns a row."""
    for name in CHECKS:
        failures = connection.sql(read_sql(f"checks/{name}")).to_arrow_table()
        if failures.num_rows:
            examples = "; ".join(str(row) for row in failures.slice(0, SHOWN_ROWS).to_pylist())
            rule = name.replace("_", " ")
            raise OutputError(f"the results fail a check ({rule}): {failures.num_rows} rows, such as {examples}")


def read_sql(name: str) -> str:
    """Return the SQL of a relation."""
    return (resources.files("job.statistics") / f"{name}.sql").read_text(encoding="utf-8")
