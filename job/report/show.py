"""Writes a table to standard output: for people, or as CSV, JSON lines or Parquet for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table

MOST_SHOWN = 200


def write(table: pa.Table, form: str) -> None:
    """Write a table as `table`, `csv`, `json` (a line a row) or `parquet`."""
    FORMS[form](table)


def _for_people(table: pa.Table) -> None:
    drawn = Table(box=box.SIMPLE)
    for field in table.schema:
        number = pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
        drawn.add_column(field.name, justify="right" if number else "left", overflow="fold")
    for row in table.slice(0, MOST_SHOWN).to_pylist():
        drawn.add_row(*(_cell(value) for value in row.values()))
    # A pipe has no width to fit; a cell must not be cut there.
    out = Console(markup=False) if sys.stdout.isatty() else Console(markup=False, width=10_000)
    out.print(drawn)
    if table.num_rows > MOST_SHOWN:
        out.print(f"{MOST_SHOWN} of {table.num_rows} rows; --format csv gives all")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _csv(table: pa.Table) -> None:
    pyarrow.csv.write_csv(table, sys.stdout.buffer)


def _json(table: pa.Table) -> None:
    for row in table.to_pylist():
        print(json.dumps(row, ensure_ascii=False, default=str))


def _parquet(table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    sys.stdout.buffer.write(sink.getvalue())


FORMS: dict[str, Callable[[pa.Table], None]] = {"table": _for_people, "csv": _csv, "json": _json, "parquet": _parquet}
