"""A study's tables as DuckDB relations: for the marts, for users' queries, and in `results.duckdb`."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from job import storage
from job.errors import JobError
from job.plan.file import Plan
from job.results.store import Results
from job.results.tables import EXCLUDED, IOU, OBJECTS, PREDICTIONS

DATABASE = "results.duckdb"


@contextmanager
def opened_tables(connection: duckdb.DuckDBPyConnection, results: Results, plan: Plan) -> Iterator[None]:
    """Open `iou`, `predictions`, `objects` and `excluded` as views over exactly the files that the plan names.

    Read them inside the context, where the filesystem of a remote output stays open.
    """
    with storage.filesystem(results.output) as remote:
        if remote is not None:
            connection.register_filesystem(remote)
        chunks = [chunk.name for chunk in plan.chunks]
        parts = [part.name for part in plan.parts]
        _view(connection, "iou", results.located("iou", parts).values(), IOU)
        _view(connection, "predictions", results.prediction_files(parts), PREDICTIONS)
        _view(connection, "objects", results.located("objects", chunks).values(), OBJECTS)
        _view(connection, "excluded", results.ledgers(plan.part_names).values(), EXCLUDED)
        yield


def write_database(results: Results, plan: Plan, marts: Mapping[str, pa.Table]) -> None:
    """Write `results.duckdb`: the marts as tables, and views over the files of the study's tables."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / DATABASE
        with duckdb.connect(file) as connection, opened_tables(connection, results, plan):
            for name, table in marts.items():
                connection.from_arrow(table).create(name)
        storage.write(storage.join(results.output, DATABASE), file.read_bytes())


def query(results: Results, plan: Plan, text: str) -> pa.Table:
    """Run a user's query over the tables and the stored marts. Raise JobError with DuckDB's message if it fails."""
    with duckdb.connect() as connection, opened_tables(connection, results, plan):
        for file in storage.list_files(storage.join(results.output, "summary"), "*.parquet"):
            name = file.address.rsplit("/", 1)[-1].removesuffix(".parquet")
            connection.read_parquet(storage.literal(file.address)).create_view(name)
        try:
            relation = connection.sql(text)  # None for a statement without a result
            return pa.table({}) if relation is None else relation.to_arrow_table()
        except duckdb.Error as error:
            raise JobError(f"query: {error}") from None


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: Collection[str], schema: pa.Schema) -> None:
    if files:
        connection.read_parquet([storage.literal(file) for file in files]).create_view(name)
    else:
        connection.from_arrow(schema.empty_table()).create(name)
