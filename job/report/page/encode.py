"""Encodings that figures share, so that a model looks the same in all of them."""

from __future__ import annotations

from typing import Any

from job.report.page.facts import Facts
from job.report.page.look import DASHES, SHAPES
from job.report.page.vega import Definition, nominal, ordinal, quantitative

BOUNDS = {"from": "low", "to": "high"}
CHOICES = ("single", "first", "score", "oracle")
FULL = {"single": 1.0, "first": 0.0, "score": 0.45, "oracle": 1.0}
"""How full a sign is, by mask choice."""
MOST_TICKS = 10
"""Of an axis of clicks."""
LEGEND = {"orient": "top", "title": None}
"""Of models."""


def models(facts: Facts) -> Definition:
    """Return the colour or stroke of a model. They and the shapes share one legend."""
    return nominal("model", scale={"domain": facts.models}, legend=LEGEND)


def shapes(facts: Facts) -> Definition:
    """Return the shape of a model."""
    range_ = [SHAPES[n % len(SHAPES)] for n in range(len(facts.models))]
    return nominal("model", scale={"domain": facts.models, "range": range_}, legend=LEGEND)


def dashes(facts: Facts) -> Definition:
    """Return the dashes of a mask choice; their legend only if there are several."""
    choices = _choices(facts)
    scale = {"domain": choices, "range": list(DASHES[: len(choices)])}
    return ordinal("mask_choice", scale=scale, legend=_legend(choices))


def signs(facts: Facts) -> dict[str, Definition]:
    """Return the encodings of a point: a model's shape and colour, and how full it is by mask choice."""
    choices = _choices(facts)
    scale = {"type": "ordinal", "domain": choices, "range": [FULL[choice] for choice in choices]}
    return {
        "fill": models(facts),
        "stroke": models(facts),
        "shape": shapes(facts),
        "fillOpacity": ordinal("mask_choice", scale=scale, legend=_legend(choices)),
    }


def beside(facts: Facts) -> Definition:
    """Return the place of a model and mask choice beside the others of a task."""
    return nominal("series", sort=series(facts))


def series(facts: Facts) -> list[str]:
    """Return all models with their mask choices, in the order of models."""
    found = {
        (row["model"], row["mask_choice"])
        for row in facts.mart("overall_scores").select(["model", "mask_choice"]).to_pylist()
    }
    order = {model: place for place, model in enumerate(facts.models)}
    return [f"{m}, {c}" for m, c in sorted(found, key=lambda pair: (order[pair[0]], CHOICES.index(pair[1])))]


def share(field: str, title: str) -> Definition:
    """Return a column with an axis from 0 to 1."""
    return quantitative(field, title=title, scale={"domain": [0, 1]}, axis={"tickCount": 5, "format": ".1f"})


def click_axis() -> dict[str, Any]:
    """Return the axis of clicks, with a tick at whole ones alone: as many as steps of one click or more need."""
    return {"tickCount": {"expr": f"max(1, min({MOST_TICKS}, span(domain('x'))))"}, "format": "d"}


def in_order() -> dict[str, Any]:
    """Return the order of rows: that of the column `order`."""
    return {"field": "order", "op": "min", "order": "ascending"}


def ends(field: str) -> dict[str, str]:
    """Return the ends of an interval as columns `from` and `to`; without one, both are the value itself.

    So an axis has an extent also where no row has an interval.
    """
    return {name: f"datum.{bound} === null ? datum.{field} : datum.{bound}" for name, bound in BOUNDS.items()}


def tips(*fields: tuple[str, str] | tuple[str, str, str]) -> list[Definition]:
    """Return what hovering tells. fields: column, title and, of numbers, their format."""
    return [
        quantitative(name, title=title, format=form[0]) if form else nominal(name, title=title)
        for name, title, *form in fields
    ]


def _choices(facts: Facts) -> list[str]:
    found = set(facts.mart("overall_scores")["mask_choice"].to_pylist())
    return [choice for choice in CHOICES if choice in found]


def _legend(choices: list[str]) -> dict[str, Any] | None:
    """Return the legend of mask choices, if there are several."""
    return {"orient": "top", "title": "mask choice"} if len(choices) > 1 else None
