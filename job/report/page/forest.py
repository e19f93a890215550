"""Forest plots: a row for each task, with its paired difference and interval, and what is to be read beside it."""

from __future__ import annotations

from typing import Any

import altair as alt

from job.report.figures import probability
from job.report.page import labels
from job.report.page.encode import click_axis, ends, in_order, rows, tips
from job.report.page.section import height_of_rows

SIGNS = {"interval excludes 0": "circle", "interval includes 0": "diamond", "no interval": "cross"}
"""What an interval shows, and its shape."""
LAST = 1e9
"""The order of the mean of tasks, below all differences."""
GREY = "#808080"
"""Stands out from a light and from a dark ground."""
TIPS = (
    ("where", "task"), ("difference", "difference", "+.4f"), ("low", "from", "+.4f"), ("high", "to", "+.4f"),
    ("p", "p", ".4f"), ("p_holm", "p (Holm)", ".4f"), ("objects", "objects", "d"), ("clusters", "sample", "d"),
)  # fmt: skip


def with_signs(found: list[labels.Row]) -> list[labels.Row]:
    """Return rows with what a forest plot needs: sign, order and the text at its end.

    Each has difference, low, high and p; `won` is told where it is there.
    """
    return [{**row, "sign": _sign(row), "order": _order(row), "end": _end(row)} for row in found]


def forest(title: str, told: tuple[Any, ...] = ()) -> dict[str, Any]:
    """Return the chart. title: of the axis. told: what hovering tells beside difference, interval and p."""
    base = (
        alt.Chart(rows())
        .transform_calculate(**ends("difference"))
        .encode(y=alt.Y("where:N", title=None, sort=in_order()), tooltip=tips(*TIPS, *told))
    )
    shape = alt.Shape(
        "sign:N",
        scale=alt.Scale(domain=list(SIGNS), range=list(SIGNS.values())),
        legend=alt.Legend(orient="top", title=None),
    )
    is_sure = alt.FieldOneOfPredicate(field="sign", oneOf=list(SIGNS)[:1])
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(strokeDash=[4, 4]).encode(x="x:Q")
    axis = alt.Axis(tickCount=6)
    layers = alt.layer(
        zero,
        base.mark_rule(strokeWidth=2).encode(x=alt.X("from:Q", title=title, axis=axis), x2="to:Q"),
        base.mark_point(size=70, strokeWidth=2, opacity=1).encode(
            x=alt.X("difference:Q", title=title, axis=axis),
            shape=shape,
            fillOpacity=alt.condition(is_sure, alt.value(1), alt.value(0)),
            fill=alt.value(GREY),
            stroke=alt.value(GREY),
        ),
        base.mark_text(align="left", baseline="middle", clip=False).encode(
            text="end:N", x=alt.value(alt.ExprRef("width + 8"))
        ),
    )
    return layers.properties(usermeta=height_of_rows(22, by="where")).to_dict(validate=False)


def by_click(title: str, told: tuple[Any, ...] = ()) -> dict[str, Any]:
    """Return a difference over the clicks as a line about 0, with its interval as a band."""
    clicks = alt.X("step:Q", title="clicks", axis=click_axis(), scale=alt.Scale(nice=False))
    tooltip = tips(("where", "task"), ("step", "click", "d"), *TIPS[1:4], *told)
    base = alt.Chart(rows()).transform_calculate(**ends("difference")).encode(x=clicks, tooltip=tooltip)
    zero = alt.Chart(alt.InlineData(values=[{"y": 0}])).mark_rule(strokeDash=[4, 4]).encode(y="y:Q")
    points = alt.OverlayMarkDef(filled=True, size=50, color=GREY)
    layers = alt.layer(
        base.mark_area(opacity=0.2, color=GREY).encode(y=alt.Y("from:Q", title=title), y2="to:Q"),
        zero,
        base.mark_line(point=points, color=GREY).encode(y=alt.Y("difference:Q", title=title)),
    )
    return layers.properties(height=260).to_dict(validate=False)


def _sign(row: labels.Row) -> str:
    excludes, includes, without = SIGNS
    if row["low"] is None:
        return without
    return excludes if row["low"] > 0 or row["high"] < 0 else includes


def _order(row: labels.Row) -> float:
    return LAST if row["where"] == labels.OVER_TASKS else -float(row["difference"])


def _end(row: labels.Row) -> str:
    won = f"won {row['won']:.0%}" if row.get("won") is not None else ""
    p = f"p {probability(row['p'])}" if row["p"] is not None else ""
    return ", ".join(filter(None, (won, p)))
