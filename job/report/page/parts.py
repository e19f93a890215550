"""Figures and tables as HTML: their rows stand in the page once, as JSON, and its script draws them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from job.errors import printable
from job.report.html import environment
from job.report.page.section import Figure, Table


def figures(made: Iterable[Figure]) -> Markup:
    """Return figures, each with its table behind it."""
    return Markup().join(_macro("figure")(figure, to_json(_of_figure(figure))) for figure in made)


def table(made: Table) -> Markup:
    """Return a table that stands alone."""
    return _macro("table")(made, to_json(_of_table(made)))


def paragraphs(texts: Iterable[str], kind: str = "") -> Markup:
    """Return texts as paragraphs. kind: their class, `headline`, `note` or none."""
    return Markup().join(Markup('<p class="{}">{}</p>').format(kind, printable(text)) for text in texts)


def empty(reason: str) -> Markup:
    """Return the line of a section that has nothing to show."""
    return Markup("<p>{}</p>").format(reason)


def to_json(value: Any) -> Markup:
    """Return a value as JSON that can stand in an element of HTML: it can end neither the element nor a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704


def records(made: Table) -> list[dict[str, Any]]:
    """Return the rows of a table by column; texts without control characters."""
    return [{name: _plain(value) for name, value in row.items()} for row in made.rows.to_pylist()]


def _macro(name: str) -> Callable[..., Markup]:
    macro: Callable[..., Markup] = getattr(environment().get_template("parts.html.j2").module, name)
    return macro


def _of_figure(figure: Figure) -> dict[str, Any]:
    return _of_table(figure.table) | {
        "choose": figure.choose,
        "start": dict(figure.start),
        "chart": figure.chart,
    }


def _of_table(made: Table) -> dict[str, Any]:
    columns = [
        {
            "name": field.name,
            "title": made.heads.get(field.name, field.name.replace("_", " ").replace("iou", "IoU")),
            "kind": _kind(field.type),
            **({"hidden": True} if field.name in made.hidden else {}),
        }
        for field in made.rows.schema
    ]
    return {
        "name": made.name,
        "title": made.title,
        "columns": columns,
        "rows": [list(row.values()) for row in records(made)],
    }


def _kind(of: pa.DataType) -> str:
    return "real" if pa.types.is_floating(of) else "whole" if pa.types.is_integer(of) else "text"


def _plain(value: Any) -> Any:
    """Return a value as the page holds it: texts that can be seen, and no number that JSON lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return printable(value) if isinstance(value, str) else value
