"""Write a table to standard output: for people, or as CSV, JSON lines or Parquet for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table

MOST_SHOWN = 200
NUMBERS = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)


def write(table: pa.Table, form: str) -> None:
    """Write a table as `table` (for people), `csv`, `json` (one line per row) or `parquet`."""
    FORMS[form](table)


def _for_people(table: pa.Table) -> None:
    drawn = Table(box=box.SIMPLE)
    for field in table.schema:
        is_number = any(is_kind(field.type) for is_kind in NUMBERS)
        drawn.add_column(field.name, justify="right" if is_number else "left", overflow="fold")
    for row in table.slice(0, MOST_SHOWN).to_pylist():
        drawn.add_row(*(_cell(value) for value in row.values()))
    # A pipe has no width; a wide console keeps cells from being cut.
    console = Console(markup=False) if sys.stdout.isatty() else Console(markup=False, width=10_000)
    console.print(drawn)
    if table.num_rows > MOST_SHOWN:
        console.print(f"{MOST_SHOWN} of {table.num_rows} rows shown; --format csv writes all")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _csv(table: pa.Table) -> None:
    pyarrow.csv.write_csv(_flat(table), sys.stdout.buffer)


def _flat(table: pa.Table) -> pa.Table:
    """Replace nested values, such as the points of a prediction, by JSON text: a cell of CSV holds one value."""
    for index, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            cells = [None if value is None else _line(value) for value in table.column(index).to_pylist()]
            table = table.set_column(index, field.name, pa.array(cells, pa.string()))
    return table


def _json(table: pa.Table) -> None:
    for row in table.to_pylist():
        print(_line(row))


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    """Return an int for a whole decimal, as DuckDB returns sums of integers; else text."""
    return int(value) if isinstance(value, Decimal) and value == int(value) else str(value)


def _parquet(table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    sys.stdout.buffer.write(sink.getvalue())


FORMS: dict[str, Callable[[pa.Table], None]] = {"table": _for_people, "csv": _csv, "json": _json, "parquet": _parquet}
