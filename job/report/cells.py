"""The cells of a table as people read them: floats with four decimals, nothing for null."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa

Bold = AbstractSet[tuple[int, int]]
"""The (row, column) of cells to emphasise, counted from 0."""
NUMBERS = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)


def is_number(field: pa.Field) -> bool:
    """Return whether a column holds numbers, which are aligned to the right."""
    return any(is_kind(field.type) for is_kind in NUMBERS)


def rows(table: pa.Table) -> Iterator[list[str]]:
    """Yield the cells of each row as text."""
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield [_cell(value) for value in row]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
