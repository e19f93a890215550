"""Tables as CSV and values as JSON: one value a cell, and no text that a spreadsheet or a terminal would obey."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa

from job.errors import UNPRINTABLE

FORMULA = r"^([=+\-@\t\r])"
"""The first characters by which spreadsheets know a formula."""


def to_csv(table: pa.Table) -> bytes:
    """Return a table as CSV.

    Nested values, such as the points of a prediction, become JSON. A text that begins like a formula gets an apostrophe
    in front, by which spreadsheets know a text.
    """
    import pyarrow.compute as pc  # makes its functions on import, for which a command that shows a table does not wait
    import pyarrow.csv

    for index, field in enumerate(table.schema):
        column = table.column(index)
        if pa.types.is_nested(field.type):
            column = pa.array([None if value is None else to_json(value) for value in column.to_pylist()], pa.string())
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = pc.replace_substring_regex(column, FORMULA, r"'\1")
        table = table.set_column(index, field.name, column)
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()


def to_json(value: Any) -> str:
    """Return a value as JSON in one line, with escapes for what would steer a terminal."""
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    return UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _plain(value: Any) -> Any:
    """Return an int for a whole decimal, as DuckDB returns sums of integers; else text."""
    return int(value) if isinstance(value, Decimal) and value == int(value) else str(value)
