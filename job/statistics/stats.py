"""Runs the .sql files in order: each is one SELECT, and its file's name is the relation's name."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from job import storage
from job.errors import OutputError
from job.plan.demo import demo_remark
from job.plan.file import Plan, PlannedModel
from job.results.store import Results
from job.statistics.database import opened_tables, write_database
from job.statistics.intervals import intervals_and_tests, size_rho
from job.statistics.reference import published
from job.study.study import Study

STAGING = ("scores", "pairs", "patients", "dataset_patients", "patient_sums", "cells", "cell_patients", "size_moments")
MARTS = (
    "task_scores",
    "overall_scores",
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
"""In the order in which they build on each other."""
CHECKS = (
    "one_row_per_key",
    "one_object_per_key",
    "every_score_has_its_object",
    "iou_is_intersection_over_union",
    "trajectories_are_complete",
)
SHOWN_ROWS = 3
MEMORY = "SET memory_limit = '3GB'"  # beyond it DuckDB works on disk, in its temp_directory

CLUSTERS = pa.schema([("dataset", pa.string()), ("cluster", pa.string())])
COMPARISON = pa.schema([("model", pa.string()), ("baseline", pa.string())])
LEVELS = pa.schema([("level", pa.float64())])
STUDY_MODELS = pa.schema(
    [("model", pa.string()), ("family", pa.string()), ("sha256", pa.string()), ("purpose", pa.string())]
)
PUBLISHED_MODELS = pa.schema([("model", pa.string()), ("published", pa.string())])


@dataclass(frozen=True)
class Summary:
    """The marts by name, as Arrow tables, and how much of the plan they rest on."""

    marts: Mapping[str, pa.Table]
    parts_done: int
    parts_planned: int

    @property
    def error_lines(self) -> int:
        """How many lines of the ledger are errors."""
        ledger = self.marts["ledger"].to_pylist()
        return sum(row["lines"] for row in ledger if row["kind"] == "error")

    @property
    def demo_remark(self) -> str | None:
        """The remark on models with demo weights; None if there are none."""
        return demo_remark({row["model"]: row["purpose"] for row in self.marts["models"].to_pylist()})

    @property
    def complete(self) -> bool:
        """Whether every part of the plan is done in full."""
        return self.parts_done == self.parts_planned


def summarise(study: Study, results: Results, plan: Plan) -> Summary:
    """Compute every mart from the parts that the plan names.

    They are stored as Parquet and CSV under `summary/`, and in `results.duckdb` with views over the tables.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"temp_directory": folder}) as connection,
        opened_tables(connection, results, plan),
    ):
        marts = compute(connection, study, plan.models)
    for name, table in marts.items():
        storage.write(storage.join(results.output, "summary", f"{name}.parquet"), _parquet(table))
        storage.write(storage.join(results.output, "summary", f"{name}.csv"), _csv(table))
    write_database(results, plan, marts)
    done = results.done()
    return Summary(marts=marts, parts_done=sum(part.name in done for part in plan.parts), parts_planned=len(plan.parts))


def compute(
    connection: duckdb.DuckDBPyConnection, study: Study, models: Mapping[str, PlannedModel]
) -> dict[str, pa.Table]:
    """Check the rows, then compute the marts, on a connection that holds the relations iou, objects and excluded.

    models: the plan's, by name.
    """
    connection.execute(MEMORY)
    _check(connection)
    for name, table in _settings(study, models).items():
        connection.register(name, table)
    for name in STAGING:
        connection.sql(_sql("staging", name)).create(name)
    seed, confidence = study.statistics.seed, study.statistics.confidence
    for name, table in intervals_and_tests(connection, seed=seed, confidence=confidence).items():
        connection.register(name, table)
    connection.register("size_rho", size_rho(connection, seed=seed, confidence=confidence))
    for name in MARTS:
        connection.sql(_sql("marts", name)).create(name)
    return {name: connection.table(name).to_arrow_table() for name in MARTS}


def _settings(study: Study, models: Mapping[str, PlannedModel]) -> dict[str, pa.Table]:
    """Return the settings of the spec as relations: models, clusters, comparison, NoC levels, published columns."""
    study_models = [
        {"model": model.name, "family": model.family, **(asdict(models[model.name]) if model.name in models else {})}
        for model in study.models
    ]
    clusters = [{"dataset": one.name, "cluster": "patient" if one.has_patients else "image"} for one in study.datasets]
    compare = study.statistics.compare
    beside = [{"model": one.name, "published": one.published} for one in study.models if one.published]
    return {
        "study_models": pa.Table.from_pylist(study_models, schema=STUDY_MODELS),
        "published": published(),
        "published_models": pa.Table.from_pylist(beside, schema=PUBLISHED_MODELS),
        "clusters": pa.Table.from_pylist(clusters, schema=CLUSTERS),
        "comparison": pa.Table.from_pylist([compare.model_dump()] if compare else [], schema=COMPARISON),
        "levels": pa.Table.from_pylist([{"level": level} for level in study.statistics.noc], schema=LEVELS),
    }


def _check(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise OutputError, with examples, if the rows are not what this program writes."""
    for name in CHECKS:
        found = connection.sql(_sql("checks", name)).to_arrow_table()
        if found.num_rows:
            shown = "; ".join(str(row) for row in found.slice(0, SHOWN_ROWS).to_pylist())
            what = name.replace("_", " ")
            raise OutputError(f"the results fail a check ({what}): {found.num_rows} rows, such as {shown}")


def _sql(folder: str, name: str) -> str:
    return (resources.files("job.statistics") / folder / f"{name}.sql").read_text(encoding="utf-8")


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _csv(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()
