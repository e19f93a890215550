"""Runs the .sql files in order: each is one SELECT, and its file's name is the relation's name."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from job import storage
from job.plan.file import Plan
from job.results.store import Results
from job.results.tables import EXCLUDED, IOU, OBJECTS

STAGING = ("scores",)
MARTS = ("task_means", "overall_means", "ledger")


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


def summarise(results: Results, plan: Plan) -> Summary:
    """Compute every mart from the parts that the plan names, and store them under `summary/` as Parquet and CSV."""
    chunks = [chunk.name for chunk in plan.chunks]
    parts = results.files("iou", [part.name for part in plan.parts])
    with duckdb.connect() as connection:
        remote = storage.remote_filesystem(results.output)
        if remote is not None:
            connection.register_filesystem(remote)
        _view(connection, "iou", parts, IOU)
        _view(connection, "objects", results.files("objects", chunks), OBJECTS)
        _view(connection, "excluded", results.files("excluded", chunks), EXCLUDED)
        marts = compute(connection)
    for name, table in marts.items():
        storage.write(storage.join(results.output, "summary", f"{name}.parquet"), _parquet(table))
        storage.write(storage.join(results.output, "summary", f"{name}.csv"), _csv(table))
    return Summary(marts=marts, parts_done=len(parts), parts_planned=len(plan.parts))


def compute(connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    """Compute the marts on a connection that holds the relations iou, objects and excluded."""
    for name in STAGING:
        connection.sql(_sql("staging", name)).create_view(name)
    for name in MARTS:
        connection.sql(_sql("marts", name)).create(name)
    return {name: connection.table(name).to_arrow_table() for name in MARTS}


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[str], schema: pa.Schema) -> None:
    if not files:
        connection.register(name, schema.empty_table())
        return
    connection.read_parquet(list(files)).create_view(name)


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
