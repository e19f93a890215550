"""The charts that several figures share: dots with intervals by row, lines by click, points about a diagonal."""

from __future__ import annotations

from typing import Any

from job.report.page import vega
from job.report.page.encode import (
    beside,
    click_axis,
    dashes,
    ends,
    in_order,
    models,
    shapes,
    share,
    signs,
    tips,
)
from job.report.page.facts import Facts
from job.report.page.section import height_of_rows
from job.report.page.vega import Definition, nominal, quantitative, second

SHARE = (0.0, 1.0)
WHO = (("model", "model"), ("mask_choice", "mask choice"))
BOUNDS = (("low", "from", ".4f"), ("high", "to", ".4f"))
SIGN = {"opacity": 1, "strokeWidth": 1.5}
"""Of points."""


def dots(
    facts: Facts,
    title: str,
    *,
    field: str = "mean",
    by: str = "where",
    domain: tuple[float, float] | None = None,
    told: tuple[Any, ...] = (),
) -> Definition:
    """Return a chart with a row for each value of `by`, and in it a dot with its interval for each model and choice.

    domain: of the axis; None for that of the values. told: what hovering tells beside who, value and interval.
    """
    axis = {"title": title, "scale": {"domain": list(domain)} if domain else {"zero": False}, "axis": {"tickCount": 6}}
    base = vega.base(
        vega.calculated(ends(field)),
        y=nominal(by, sort=in_order() if by == "where" else None, title=None),
        yOffset=beside(facts),
        tooltip=tips((by, "at"), *WHO, (field, title, ".4f"), *BOUNDS, *told),
    )
    bar = {"x": quantitative("from", **axis), "x2": second("to")}
    return vega.chart(
        vega.layer(base, "rule", {"strokeWidth": 2}, **bar, color=models(facts), strokeDash=dashes(facts)),
        vega.layer(base, "point", SIGN | {"size": 55}, x=quantitative(field, **axis), **signs(facts)),
        usermeta=height_of_rows(14, by=by, beside="series"),
    )


def lines(
    facts: Facts,
    title: str,
    *,
    field: str = "mean",
    x: Definition | None = None,
    domain: tuple[float, float] | None = SHARE,
    facet: str | None = None,
    told: tuple[Any, ...] = (),
) -> Definition:
    """Return lines of each model and mask choice over the clicks, with bands where the rows have intervals.

    x: another axis. domain: of the values; None for that of each panel's own. facet: a column with a panel for each of
    its values.
    """
    panel_of: tuple[Any, ...] = ((facet, "at"),) if facet else ()
    scale = {"domain": list(domain)} if domain else {"zero": False}
    axis = {"title": title, "scale": scale, "axis": {"tickCount": 5}}
    y = quantitative(field, **axis)
    base = vega.base(
        vega.calculated(ends(field)),
        x=x or quantitative("step", title="clicks", axis=click_axis(), scale={"nice": False}),
        detail=nominal("series"),
        tooltip=tips(*panel_of, ("step", "click", "d"), *WHO, (field, title, ".4f"), *BOUNDS, *told),
    )
    band = {"y": quantitative("from", **axis), "y2": second("to")}
    layers = (
        vega.layer(base, "area", {"opacity": 0.14}, **band, color=models(facts)),
        vega.layer(base, "line", {"strokeWidth": 2}, y=y, color=models(facts), strokeDash=dashes(facts)),
        vega.layer(base, "point", SIGN | {"size": 40}, y=y, **signs(facts)),
    )
    if not facet:
        return vega.chart(*layers, height=300)
    return vega.facets(facet, 3, *layers, own_values=domain is None, width=190, height=150)


def diagonal(
    facts: Facts, x: tuple[str, str], y: tuple[str, str], *, size: Definition | None = None, told: Any = ()
) -> Definition:
    """Return points of two shares about the line on which they are equal. x, y: column and title."""
    corners = [{"x": 0, "y": 0}, {"x": 1, "y": 1}]
    equal = {"strokeDash": [4, 4], "color": "#888888", "strokeWidth": 1}
    points = vega.base(
        x=share(*x),
        y=share(*y),
        color=models(facts),
        shape=shapes(facts),
        tooltip=tips(*WHO, (*x, ".4f"), (*y, ".4f"), *told),
    )
    sized = {} if size is None else {"size": size}
    return vega.chart(
        vega.constant_layer(corners, "line", equal, x=share("x", x[1]), y=share("y", y[1])),
        vega.layer(points, "point", {"filled": True, "opacity": 0.85, "size": 60}, **sized),
        height=340,
    )
