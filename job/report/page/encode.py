"""Encodings that figures share, so that a model looks the same in all of them."""

from __future__ import annotations

from typing import Any, TypeVar

import altair as alt

from job.report.page.facts import Facts
from job.report.page.look import DASHES, SHAPES
from job.report.page.section import ROWS

Channel = TypeVar("Channel", alt.Color, alt.Shape, alt.Stroke, alt.Fill)
CHOICES = ("single", "first", "score", "oracle")


def rows() -> Any:
    """Return the figure's rows as a chart's data."""
    return alt.NamedData(name=ROWS)


def models(facts: Facts, channel: Any = alt.Color) -> Any:
    """Return the colour or shape of a model. Both have one legend."""
    scale = alt.Scale(domain=facts.models)
    if channel is alt.Shape:
        scale = alt.Scale(domain=facts.models, range=[SHAPES[n % len(SHAPES)] for n in range(len(facts.models))])
    return channel("model:N", scale=scale, legend=alt.Legend(orient="top", title=None, symbolType="circle"))


def mask_choices(facts: Facts) -> Any:
    """Return the dashes of a mask choice; their legend only if there are several."""
    choices = _choices(facts)
    return alt.StrokeDash(
        "mask_choice:N",
        scale=alt.Scale(domain=choices, range=list(DASHES[: len(choices)])),
        legend=alt.Legend(orient="top", title="mask choice") if len(choices) > 1 else None,
    )


def series_offset(facts: Facts) -> Any:
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


def share(field: str, title: str) -> Any:
    """Return an axis from 0 to 1."""
    return alt.X(f"{field}:Q", title=title, scale=alt.Scale(domain=[0, 1]))


def _choices(facts: Facts) -> list[str]:
    found = set(facts.mart("overall_scores")["mask_choice"].to_pylist())
    return [choice for choice in CHOICES if choice in found]
