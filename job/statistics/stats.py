"""Run the .sql files in order. Each holds one SELECT and is named after its relation; macros.sql serves them all."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from job.errors import OutputError
from job.plan.demo import demo_remark
from job.plan.file import Plan, PlannedModel
from job.results import summary as summary_files
from job.results.store import Results
from job.statistics.cells import fetch, read_cells
from job.statistics.columns import column_names
from job.statistics.correlations import correlations
from job.statistics.database import opened_tables, write_database
from job.statistics.intervals import Inputs, intervals
from job.statistics.relations import relation
from job.statistics.settings import settings
from job.statistics.tested import tests
from job.statistics.texts import to_csv
from job.study.statistics import Statistics
from job.study.study import Study

SUMS = (
    "tasks",
    "clusters",
    "cohorts",
    "size_bins",
    "numbered_objects",
    "runs",
    "scores",
    "stopped_steps",
    "named_steps",
    "trajectories",
    "level_clicks",
    "step_sums",
    "volume_sums",
    "stratum_sums",
    "trajectory_sums",
    "pairs",
    "pair_sums",
    "pair_trajectory_sums",
    "boundary_values",
    "boundary_sums",
    "measure_sums",
    "rows_over_tasks",
    "cell_sums",
    "cells",
    "rank_moments",
    "rank_groups",
)
MEANS = (
    "stopped_rows",
    "means_over_tasks",
    "sides",
    "rankings",
    "wide",
)
STAGING = SUMS + MEANS
MARTS = (
    "task_scores",
    "overall_scores",
    "measures",
    "measures_by_task",
    "measures_overall",
    "between_seeds",
    "modes_wide",
    "clicks_wide",
    "comparison_by_task",
    "comparison_overall",
    "differences_by_task",
    "differences_overall",
    "crossing",
    "crossing_by_click",
    "ranks",
    "model_pairs",
    "clicks_needed",
    "clicks_course",
    "cumulative",
    "by_modality",
    "by_components",
    "by_size",
    "size_correlation",
    "calibration",
    "calibration_bins",
    "worst_objects",
    "against_published",
    "against_published_overall",
    "object_differences",
    "ledger",
    "models",
)
"""All in the order in which they build on each other."""
CHECKS = (
    "one_row_per_key",
    "one_object_per_key",
    "every_score_has_its_object",
    "iou_is_intersection_over_union",
    "trajectories_are_complete",
)
SHOWN_ROWS = 3
MEMORY = "SET memory_limit = '3GB'"  # beyond it, DuckDB works on disk in its temp_directory


@dataclass(frozen=True)
class Summary:
    """The marts by name, as Arrow tables, and how many parts of the plan they were computed from."""

    marts: Mapping[str, pa.Table]
    parts_done: int
    parts_planned: int

    @property
    def error_lines(self) -> int:
        """Number of errors in the ledger."""
        return sum(row["lines"] for row in self.marts["ledger"].to_pylist() if row["kind"] == "error")

    @property
    def demo_remark(self) -> str | None:
        """The remark on models with demo weights; None if there are none."""
        return demo_remark({row["model"]: row["purpose"] for row in self.marts["models"].to_pylist()})

    @property
    def complete(self) -> bool:
        """Whether every part of the plan is done in full."""
        return self.parts_done == self.parts_planned


def summarise(study: Study, results: Results, plan: Plan) -> Summary:
    """Compute every mart from the parts that the plan names, and store them.

    They are written as Parquet and CSV under `summary/`, and to `results.duckdb` beside the tables.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"temp_directory": folder}) as connection,
        opened_tables(connection, results, plan),
    ):
        marts = compute(connection, study, plan.models)
    done = results.done()
    summary = Summary(
        marts=marts, parts_done=sum(part.name in done for part in plan.parts), parts_planned=len(plan.parts)
    )
    write_database(results, plan, marts)
    files = {f"{name}.parquet": _parquet(table) for name, table in marts.items()}
    files |= {f"{name}.csv": to_csv(table) for name, table in marts.items()}
    summary_files.write(results.output, plan.spec, files, complete=summary.complete)
    return summary


def compute(
    connection: duckdb.DuckDBPyConnection, study: Study, models: Mapping[str, PlannedModel]
) -> dict[str, pa.Table]:
    """Check the rows, then compute the marts, on a connection with the relations iou, objects, boundary and excluded.

    models: those of the plan, by name. Raise OutputError if a check fails.
    """
    connection.execute(MEMORY)
    connection.execute(_sql("macros"))
    _check(connection)
    for name, table in settings(study, models).items():
        connection.register(name, table)
    for name in SUMS:
        connection.sql(_sql(f"staging/{name}")).create(name)
    for name, table in _resampled(connection, study.statistics).items():
        connection.register(name, table)
    for name in MEANS:
        connection.sql(_sql(f"staging/{name}")).create(name)
    for name in MARTS:
        connection.sql(_sql(f"marts/{name}")).create(name)
    return {name: connection.table(name).to_arrow_table() for name in MARTS}


def _resampled(connection: duckdb.DuckDBPyConnection, statistics: Statistics) -> dict[str, pa.Table]:
    """Compute what SQL cannot: intervals, tests, correlations, and the names of columns."""
    seed, confidence = statistics.seed, statistics.confidence
    cells = read_cells(connection)
    rows = fetch(connection, "rows_over_tasks", "step", "tested", "is_iou_difference", "series_index", "series_steps")
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
        failures = connection.sql(_sql(f"checks/{name}")).to_arrow_table()
        if failures.num_rows:
            examples = "; ".join(str(row) for row in failures.slice(0, SHOWN_ROWS).to_pylist())
            rule = name.replace("_", " ")
            raise OutputError(f"the results fail a check ({rule}): {failures.num_rows} rows, such as {examples}")


def _sql(name: str) -> str:
    return (resources.files("job.statistics") / f"{name}.sql").read_text(encoding="utf-8")


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
