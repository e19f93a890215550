"""Forest plots: a row for each task, with its paired difference and interval, and what is to be read beside it."""

from __future__ import annotations

from typing import Any

from job.report.figures import probability
from job.report.page import labels, vega
from job.report.page.encode import LEGEND, click_axis, ends, in_order, tips
from job.report.page.section import height_of_rows
from job.report.page.vega import Definition, nominal, quantitative, second, value

SIGNS = {"interval excludes 0": "circle", "interval includes 0": "diamond", "no interval": "cross"}
"""What an interval shows, and its shape."""
LAST = 1e9
"""The order of the mean of tasks, below all differences."""
GREY = "#808080"
"""Stands out from a light and from a dark ground."""
ZERO = {"strokeDash": [4, 4]}
"""The line of no difference."""
TIPS = (
    ("where", "task"), ("difference", "difference", "+.4f"), ("low", "from", "+.4f"), ("high", "to", "+.4f"),
    ("p", "p", ".4f"), ("p_holm", "p (Holm)", ".4f"), ("objects", "objects", "d"), ("clusters", "sample", "d"),
)  # fmt: skip


def with_signs(found: list[labels.Row]) -> list[labels.Row]:
    """Return rows with what a forest plot needs: sign, order and the text at its end.

    Each has difference, low, high and p; `won` is told where it is there.
    """
    return [{**row, "sign": _sign(row), "order": _order(row), "end": _end(row)} for row in found]


def forest(title: str, told: tuple[Any, ...] = ()) -> Definition:
    """Return the chart. title: of the axis. told: what hovering tells beside difference, interval and p."""
    base = vega.base(
        vega.calculated(ends("difference")),
        y=nominal("where", title=None, sort=in_order()),
        tooltip=tips(*TIPS, *told),
    )
    axis = {"title": title, "axis": {"tickCount": 6}}
    sign = {
        "shape": nominal("sign", scale={"domain": list(SIGNS), "range": list(SIGNS.values())}, legend=LEGEND),
        "fillOpacity": vega.condition({"field": "sign", "oneOf": list(SIGNS)[:1]}, 1, 0),
        "fill": value(GREY),
        "stroke": value(GREY),
    }
    look = {"size": 70, "strokeWidth": 2, "opacity": 1}
    end = {"text": nominal("end"), "x": value({"expr": "width + 8"})}
    return vega.chart(
        vega.constant_layer([{"x": 0}], "rule", ZERO, x=quantitative("x")),
        vega.layer(base, "rule", {"strokeWidth": 2}, x=quantitative("from", **axis), x2=second("to")),
        vega.layer(base, "point", look, x=quantitative("difference", **axis), **sign),
        vega.layer(base, "text", {"align": "left", "baseline": "middle", "clip": False}, **end),
        usermeta=height_of_rows(22, by="where"),
    )


def by_click(title: str, told: tuple[Any, ...] = ()) -> Definition:
    """Return a difference over the clicks as a line about 0, with its interval as a band."""
    base = vega.base(
        vega.calculated(ends("difference")),
        x=quantitative("step", title="clicks", axis=click_axis(), scale={"nice": False}),
        tooltip=tips(("where", "task"), ("step", "click", "d"), *TIPS[1:4], *told),
    )
    band = {"y": quantitative("from", title=title), "y2": second("to")}
    points = {"filled": True, "size": 50, "color": GREY}
    return vega.chart(
        vega.layer(base, "area", {"opacity": 0.2, "color": GREY}, **band),
        vega.constant_layer([{"y": 0}], "rule", ZERO, y=quantitative("y")),
        vega.layer(base, "line", {"point": points, "color": GREY}, y=quantitative("difference", title=title)),
        height=260,
    )


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
