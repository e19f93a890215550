"""How a section is put together: figures from rows, tables, and a line in place of what there is nothing of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from job.report.page import parts
from job.report.page.labels import Row, as_table, choices
from job.report.page.section import Figure, Section, Table

HEADS = {
    "where": "task",
    "dataset": "data set",
    "cluster": "sample of",
    "clusters": "sample size",
    "prompting": "prompt",
    "step": "click",
    "choices": "mask choice",
    "over": "mean over",
    "failures": "IoU < 0.5",
    "interval_tasks": "tasks of the interval",
    "interval_iou": "mean of the interval",
    "reached": "share of objects",
    "noc": "mean clicks",
    "clicks": "limit",
    "won": "share won",
    "p_holm": "p (Holm)",
    "baseline_ahead": "share of resamples",
    "sha256": "sha256 of the weights",
    "several_components": "share of several components",
    "median_share": "median share of the image",
}
"""What columns are called where their own name does not do."""
HIDDEN = frozenset({"percent", "series", "order", "sign", "end"})
"""Columns that charts need and readers do not."""


def figure(
    rows: list[Row],
    columns: Iterable[str],
    *,
    name: str,
    title: str,
    text: str,
    chart: Mapping[str, Any],
    choose: Sequence[str] = (),
    start: Mapping[str, Any] | None = None,
) -> Figure | None:
    """Return a figure of some columns of rows; None without rows. choose: columns to choose by, if they vary."""
    if not rows:
        return None
    return Figure(
        table=listing(name, title, rows, columns),
        text=text,
        chart=chart,
        choose=choices(rows, *choose),
        start=start or {},
    )


def listing(name: str, title: str, rows: list[Row], columns: Iterable[str], *, folded: bool = False) -> Table:
    """Return some columns of rows as a table of the page. folded: whether a reader opens it first."""
    known = [*columns, *(name for name in sorted(HIDDEN) if rows and name in rows[0])]
    return Table(name=name, title=title, rows=as_table(rows, known), heads=HEADS, hidden=HIDDEN, folded=folded)


def section(
    title: str,
    id: str,  # noqa: A002
    figures: Iterable[Figure | None],
    *,
    nothing: str,
    before: Markup = Markup(),  # noqa: B008
    tables: Iterable[Table] = (),
) -> Section:
    """Return a section of figures, then of tables that have rows. nothing: why there are none of either."""
    made = tuple(figure for figure in figures if figure is not None)
    listed = [table for table in tables if table.rows.num_rows]
    html = before + parts.figures(made) + Markup().join(map(parts.table, listed))
    return Section(title=title, id=id, html=html or parts.empty(nothing), figures=made)
