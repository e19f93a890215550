"""What the page is made of: sections, and in them figures with the tables that they are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from markupsafe import Markup

ROWS = "rows"
"""The name under which a chart finds its figure's rows."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows to read, sort, filter and save.

    name: unique in the page, also the name of the CSV file. heads: what a column is called, where its own name does not
    do. hidden: columns that a chart needs and a reader does not. folded: whether a reader opens it first.
    """

    name: str
    title: str
    rows: pa.Table
    heads: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A chart, and the table that it is drawn from.

    table: all rows that a reader can choose among; its name is the figure's. text: what the chart shows, in sentences.
    choose: columns of which a reader chooses one value, or reads the only one. start: the first choice, where it is not
    the first value. chart: in Vega-Lite, with its data named ROWS.
    """

    table: Table
    text: str
    chart: Mapping[str, Any]
    choose: tuple[str, ...] = ()
    start: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the page and of its files."""
        return self.table.name


def height_of_rows(step: float, *, by: str, beside: str | None = None) -> dict[str, Any]:
    """Return what tells that a chart is as high as it has rows. step: height of one, in pixels.

    by: the column with a row for each of its values. beside: a column whose values share a row, one below the other.
    """
    return {"by": by, "beside": beside, "step": step}


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page, with a heading of its own.

    id: unique in the page, the end of the section's address. html: its content below the heading. figures: those in it.
    """

    title: str
    id: str
    html: Markup
    figures: tuple[Figure, ...] = ()
