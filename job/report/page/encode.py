"""Encodings that figures share, so that a model looks the same in all of them."""

from __future__ import annotations

from typing import Any

import altair as alt

from job.report.page.facts import Facts
from job.report.page.look import DASHES, SHAPES
from job.report.page.section import ROWS

BOUNDS = {"from": "low", "to": "high"}
CHOICES = ("single", "first", "score", "oracle")
FULL = {"single": 1.0, "first": 0.0, "score": 0.45, "oracle": 1.0}
"""How full a sign is, by mask choice."""
MOST_TICKS = 10
"""Of an axis of clicks."""


def rows() -> Any:
    """Return the figure's rows as a chart's data."""
    return alt.NamedData(name=ROWS)


def models(facts: Facts, channel: Any = alt.Color) -> Any:
    """Return the colour, stroke or shape of a model. They share one legend."""
    shapes = [SHAPES[n % len(SHAPES)] for n in range(len(facts.models))]
    scale = alt.Scale(domain=facts.models, range=shapes) if channel is alt.Shape else alt.Scale(domain=facts.models)
    return channel("model:N", scale=scale, legend=alt.Legend(orient="top", title=None))


def dashes(facts: Facts) -> Any:
    """Return the dashes of a mask choice; their legend only if there are several."""
    choices = _choices(facts)
    return alt.StrokeDash(
        "mask_choice:O",
        scale=alt.Scale(domain=choices, range=list(DASHES[: len(choices)])),
        legend=_legend(choices),
    )


def signs(facts: Facts) -> dict[str, Any]:
    """Return the encodings of a point: a model's shape and colour, and how full it is by mask choice."""
    choices = _choices(facts)
    full = alt.FillOpacity(
        "mask_choice:O",
        scale=alt.Scale(type="ordinal", domain=choices, range=[FULL[choice] for choice in choices]),
        legend=_legend(choices),
    )
    return {
        "fill": models(facts, alt.Fill),
        "stroke": models(facts, alt.Stroke),
        "shape": models(facts, alt.Shape),
        "fillOpacity": full,
    }


def beside(facts: Facts) -> Any:
    """Return the place of a model and mask choice beside the others of a task."""
    return alt.YOffset("series:N", sort=series(facts))


def series(facts: Facts) -> list[str]:
    """Return all models with their mask choices, in the order of models."""
    found = {
        (row["model"], row["mask_choice"])
        for row in facts.mart("overall_scores").select(["model", "mask_choice"]).to_pylist()
    }
    order = {model: place for place, model in enumerate(facts.models)}
    return [f"{m}, {c}" for m, c in sorted(found, key=lambda pair: (order[pair[0]], CHOICES.index(pair[1])))]


def share(field: str, title: str, channel: Any = alt.X) -> Any:
    """Return an axis from 0 to 1."""
    axis = alt.Axis(tickCount=5, format=".1f")
    return channel(f"{field}:Q", title=title, scale=alt.Scale(domain=[0, 1]), axis=axis)


def click_axis() -> Any:
    """Return the axis of clicks, with a tick at whole ones alone: as many as steps of one click or more need."""
    return alt.Axis(tickCount=alt.ExprRef(f"max(1, min({MOST_TICKS}, span(domain('x'))))"), format="d")


def in_order() -> Any:
    """Return the order of rows: that of the column `order`."""
    return alt.EncodingSortField(field="order", op="min", order="ascending")


def ends(field: str) -> dict[str, str]:
    """Return the ends of an interval as columns `from` and `to`; without one, both are the value itself.

    So an axis has an extent also where no row has an interval.
    """
    return {name: f"datum.{bound} === null ? datum.{field} : datum.{bound}" for name, bound in BOUNDS.items()}


def tips(*fields: tuple[str, str] | tuple[str, str, str]) -> list[Any]:
    """Return what hovering tells. fields: column, title and, of numbers, their format."""
    return [
        alt.Tooltip(f"{name}:Q", title=title, format=form[0]) if form else alt.Tooltip(f"{name}:N", title=title)
        for name, title, *form in fields
    ]


def _choices(facts: Facts) -> list[str]:
    found = set(facts.mart("overall_scores")["mask_choice"].to_pylist())
    return [choice for choice in CHOICES if choice in found]


def _legend(choices: list[str]) -> Any:
    """Return the legend of mask choices, if there are several."""
    return alt.Legend(orient="top", title="mask choice") if len(choices) > 1 else None
