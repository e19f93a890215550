"""A study's tables as DuckDB relations: for the marts, and in `results.duckdb`."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from job import storage
from job.plan.file import Plan
from job.results import boundary_files
from job.results.store import Results
from job.results.summary import place
from job.results.tables import BOUNDARY, EXCLUDED, IOU, OBJECTS, PREDICTIONS
from job.results.unpacking import read_table

DATABASE = "results.duckdb"
VIEWED = ("predictions",)
"""Tables that `results.duckdb` does not hold: masks are most of what a study stores."""
ROWS_AT_ONCE = 100_000
SCHEMAS = {"iou": IOU, "predictions": PREDICTIONS, "boundary": BOUNDARY, "objects": OBJECTS, "excluded": EXCLUDED}


@contextmanager
def opened_tables(
    connection: duckdb.DuckDBPyConnection,
    results: Results,
    plan: Plan,
    only: Collection[str] = tuple(SCHEMAS),
    *,
    prefix: str = "",
) -> Iterator[None]:
    """Open `iou`, `predictions`, `boundary`, `objects` and `excluded` as views over exactly the files of the plan.

    `model` is the name in the plan, whatever a model was called when its rows were stored. only: the tables to open.
    prefix: of the views' names.
    Read them inside the context, where the filesystem of a remote output stays open. Raise OutputError, with its name
    and the way out, if one of the files is damaged or is no such table.
    """
    models = {part.name: part.model for part in plan.parts}
    files = {name: addresses for name, addresses in _files(results, plan).items() if name in only}
    with storage.filesystem(results.output) as remote:
        if remote is not None:
            _register(connection, remote)
        try:
            for name, addresses in files.items():
                _view(connection, name, addresses, models, prefix)
                if connection.view(f"{prefix}{name}").columns != SCHEMAS[name].names:
                    _check_files({name: addresses})
            yield
        except duckdb.Error:
            _check_files(files)
            raise


def write_database(results: Results, plan: Plan, marts: Mapping[str, pa.Table]) -> None:
    """Write `results.duckdb`: the marts and the study's tables, and a view over the files of `predictions`.

    So it can be opened where the files cannot: on another machine, or outside the container that wrote it.
    """
    held = [name for name in SCHEMAS if name not in VIEWED]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / DATABASE
        with (
            duckdb.connect(file) as database,
            duckdb.connect() as reader,
            opened_tables(database, results, plan, VIEWED),
            opened_tables(reader, results, plan, held),
        ):
            for name in held:
                database.from_arrow(reader.table(name).to_arrow_reader(ROWS_AT_ONCE)).create(name)
            for name, table in marts.items():
                database.from_arrow(table).create(name)
        storage.write(storage.join(place(results.output, plan.spec), DATABASE), file.read_bytes())


def literal_path(address: str) -> str:
    """Return an address as DuckDB names one file: absolute, and with nothing in it read as a wildcard."""
    return storage.literal(storage.absolute(address))


def _files(results: Results, plan: Plan) -> dict[str, dict[str, str]]:
    """Return the addresses of each table's files that the plan names, by the name of the part or chunk."""
    parts, chunks = [part.name for part in plan.parts], [chunk.name for chunk in plan.chunks]
    predictions = results.prediction_files(parts)
    return {
        "iou": results.located("iou", parts),
        "predictions": predictions,
        "boundary": boundary_files.stored(results, plan.spec, plan.dataset_of, predictions),
        "objects": results.located("objects", chunks),
        "excluded": results.ledgers(plan.part_names),
    }


def _register(connection: duckdb.DuckDBPyConnection, remote: Any) -> None:
    """Let a connection read through a file system. One serves all outputs of its kind."""
    kinds = [remote.protocol] if isinstance(remote.protocol, str) else remote.protocol
    if not any(connection.filesystem_is_registered(kind) for kind in kinds):
        connection.register_filesystem(remote)


def _view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    files: Mapping[str, str],
    models: Mapping[str, str],
    prefix: str,
) -> None:
    """Open a table. files: addresses by part or chunk. models: the model of each part."""
    by_model: dict[str | None, list[str]] = {}
    for part_or_chunk, address in files.items():
        by_model.setdefault(models.get(part_or_chunk), []).append(literal_path(address))
    if by_model:
        rows = [_rows(connection, model, paths) for model, paths in by_model.items()]
        reduce(duckdb.DuckDBPyRelation.union, rows).create_view(f"{prefix}{name}")
    else:
        connection.from_arrow(SCHEMAS[name].empty_table()).create(f"{prefix}{name}")


def _rows(connection: duckdb.DuckDBPyConnection, model: str | None, files: list[str]) -> duckdb.DuckDBPyRelation:
    """Return the rows of files, with this model in place of the stored one. A constant costs less than a column."""
    rows = connection.read_parquet(files)
    if model is None:
        return rows
    constant = duckdb.ConstantExpression(model).alias("model")
    return rows.select(*(constant if name == "model" else duckdb.ColumnExpression(name) for name in rows.columns))


def _check_files(files: Mapping[str, Mapping[str, str]]) -> None:
    """Raise OutputError for the first file that cannot be read, or whose columns are not those of its table."""
    for table, addresses in files.items():
        for address in addresses.values():
            read_table(address, SCHEMAS[table])
