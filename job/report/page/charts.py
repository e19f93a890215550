"""The charts that several figures share: dots with intervals by row, lines by click, points about a diagonal."""

from __future__ import annotations

from typing import Any

import altair as alt

from job.report.page.encode import beside, click_axis, dashes, ends, in_order, models, rows, share, signs, tips
from job.report.page.facts import Facts
from job.report.page.section import height_of_rows

SHARE = (0.0, 1.0)
WHO = (("model", "model"), ("mask_choice", "mask choice"))
BOUNDS = (("low", "from", ".4f"), ("high", "to", ".4f"))


def dots(
    facts: Facts,
    title: str,
    *,
    field: str = "mean",
    by: str = "where",
    domain: tuple[float, float] | None = None,
    told: tuple[Any, ...] = (),
) -> dict[str, Any]:
    """Return a chart with a row for each value of `by`, and in it a dot with its interval for each model and choice.

    domain: of the axis; None for that of the values. told: what hovering tells beside who, value and interval.
    """
    scale = alt.Scale(domain=list(domain)) if domain else alt.Scale(zero=False)
    axis = alt.Axis(tickCount=6)
    base = (
        alt.Chart(rows())
        .transform_calculate(**ends(field))
        .encode(
            y=alt.Y(f"{by}:N", sort=in_order() if by == "where" else None, title=None),
            yOffset=beside(facts),
            tooltip=tips((by, "at"), *WHO, (field, title, ".4f"), *BOUNDS, *told),
        )
    )
    return (
        alt.layer(
            base.mark_rule(strokeWidth=2).encode(
                x=alt.X("from:Q", title=title, scale=scale, axis=axis),
                x2="to:Q",
                color=models(facts),
                strokeDash=dashes(facts),
            ),
            base.mark_point(size=55, opacity=1, strokeWidth=1.5).encode(
                x=alt.X(f"{field}:Q", title=title, scale=scale, axis=axis), **signs(facts)
            ),
        )
        .properties(usermeta=height_of_rows(14, by=by, beside="series"))
        .to_dict(validate=False)
    )


def lines(
    facts: Facts,
    title: str,
    *,
    field: str = "mean",
    x: Any = None,
    domain: tuple[float, float] | None = SHARE,
    facet: str | None = None,
    told: tuple[Any, ...] = (),
) -> dict[str, Any]:
    """Return lines of each model and mask choice over the clicks, with bands where the rows have intervals.

    x: another axis. domain: of the values; None for that of each panel's own. facet: a column with a panel for each of
    its values.
    """
    axis = x or alt.X("step:Q", title="clicks", axis=click_axis(), scale=alt.Scale(nice=False))
    scale, ticks = alt.Scale(domain=list(domain)) if domain else alt.Scale(zero=False), alt.Axis(tickCount=5)
    panel_of: tuple[Any, ...] = ((facet, "at"),) if facet else ()
    base = alt.Chart(rows()).encode(
        x=axis,
        detail="series:N",
        tooltip=tips(*panel_of, ("step", "click", "d"), *WHO, (field, title, ".4f"), *BOUNDS, *told),
    )
    layers = alt.layer(
        base.mark_area(opacity=0.14).encode(
            y=alt.Y("low:Q", title=title, scale=scale, axis=ticks), y2="high:Q", color=models(facts)
        ),
        base.mark_line(strokeWidth=2).encode(
            y=alt.Y(f"{field}:Q", title=title, scale=scale, axis=ticks), color=models(facts), strokeDash=dashes(facts)
        ),
        base.mark_point(size=40, opacity=1, strokeWidth=1.5).encode(
            y=alt.Y(f"{field}:Q", title=title, scale=scale, axis=ticks), **signs(facts)
        ),
    )
    if facet is None:
        return layers.properties(height=300).to_dict(validate=False)
    panel = layers.properties(width=190, height=150)
    panels = panel.facet(facet=alt.Facet(f"{facet}:N", title=None), columns=3)
    return (panels if domain else panels.resolve_scale(y="independent")).to_dict(validate=False)


def diagonal(
    facts: Facts, x: tuple[str, str], y: tuple[str, str], *, size: Any = None, told: Any = ()
) -> dict[str, Any]:
    """Return points of two shares about the line on which they are equal. x, y: column and title."""
    encoding: dict[str, Any] = {
        "x": share(*x),
        "y": share(*y, alt.Y),
        "color": models(facts),
        "shape": models(facts, alt.Shape),
        "tooltip": tips(*WHO, (*x, ".4f"), (*y, ".4f"), *told),
    }
    equal = alt.Chart(alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(
        strokeDash=[4, 4], color="#888888", strokeWidth=1
    )
    points = alt.Chart(rows()).mark_point(filled=True, opacity=0.85, size=60)
    return (
        alt.layer(
            equal.encode(x=share("x", x[1]), y=share("y", y[1], alt.Y)),
            points.encode(**encoding) if size is None else points.encode(**encoding, size=size),
        )
        .properties(height=340)
        .to_dict(validate=False)
    )
