"""Run the .sql files in order. Each holds one SELECT and is named after its relation; macros.sql serves them all."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from job.errors import OutputError
from job.plan.demo import demo_remark
from job.plan.file import Plan, PlannedModel
from job.results import summary as summary_files
from job.results.store import Results
from job.statistics.database import opened_tables, write_database
from job.statistics.intervals import intervals_and_tests, size_rho
from job.statistics.settings import settings
from job.statistics.texts import to_csv
from job.study.study import Study

STAGING = (
    "scores",
    "baseline_runs",
    "pairs",
    "patients",
    "dataset_patients",
    "patient_sums",
    "overall_cells",
    "cells",
    "cell_patients",
    "size_moments",
)
MARTS = (
    "task_scores",
    "overall_scores",
    "between_seeds",
    "modes_wide",
    "clicks_wide",
    "comparison_by_task",
    "comparison_overall",
    "crossing",
    "clicks_needed",
    "clicks_course",
    "by_modality",
    "by_components",
    "by_size",
    "size_correlation",
    "against_published",
    "against_published_overall",
    "object_differences",
    "ledger",
    "models",
)
"""Both in the order in which they build on each other."""
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

    They are written as Parquet and CSV under `summary/`, and to `results.duckdb` with views over the tables.
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
    """Check the rows, then compute the marts, on a connection that holds the relations iou, objects and excluded.

    models: those of the plan, by name. Raise OutputError if a check fails.
    """
    connection.execute(MEMORY)
    connection.execute(_sql("macros"))
    _check(connection)
    for name, table in settings(study, models).items():
        connection.register(name, table)
    for name in STAGING:
        connection.sql(_sql(f"staging/{name}")).create(name)
    seed, confidence = study.statistics.seed, study.statistics.confidence
    for name, table in intervals_and_tests(connection, seed=seed, confidence=confidence).items():
        connection.register(name, table)
    connection.register("size_rho", size_rho(connection, seed=seed, confidence=confidence))
    for name in MARTS:
        connection.sql(_sql(f"marts/{name}")).create(name)
    return {name: connection.table(name).to_arrow_table() for name in MARTS}


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
