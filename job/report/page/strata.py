"""IoU by the size of the object, by the number of its components, and by modality."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from job.report.page import build, labels
from job.report.page.charts import SHARE, dots, lines
from job.report.page.facts import Facts
from job.report.page.section import Figure, Section
from job.report.page.vega import ordinal

SHARED = (
    "model",
    "mask_choice",
    "seed",
    "over",
    "tasks",
    "objects",
    "cluster",
    "clusters",
    "mean",
    "low",
    "high",
)
CHOOSE = ("prompting", "over", "seed")
RHO = ("prompting", "where", "model", "mask_choice", "seed", "objects", "cluster", "clusters", "rho", "low", "high")


def section(facts: Facts) -> Section:
    """Return the section."""
    rho = labels.labelled(facts.mart("size_correlation").to_pylist())
    return build.section(
        "Size, components, modality",
        "strata",
        [_by_size(facts), _by_components(facts), _by_modality(facts)],
        nothing="No scores are stored yet.",
        tables=[build.listing("size-correlation", "Rank correlation of object size and IoU", rho, RHO, folded=True)],
    )


def _by_size(facts: Facts) -> Figure | None:
    rows = [
        {**row, "size": f"{100 * row['share_from']:g}–{100 * row['share_below']:g}"} for row in _rows(facts, "by_size")
    ]
    bins = dict.fromkeys(row["size"] for row in sorted(rows, key=lambda row: row["share_from"]))
    axis = ordinal("size", sort=list(bins), title="object's share of the image, per cent", axis={"labelAngle": 0})
    return _figure(
        rows,
        "size",
        name="iou-by-size",
        title="Mean IoU by size of the object",
        chart=lines(facts, "mean IoU", x=axis, told=(("size", "size"), ("objects", "objects", "d"))),
    )


def _by_components(facts: Facts) -> Figure | None:
    return _figure(
        _rows(facts, "by_components"),
        "contiguity",
        name="iou-by-components",
        title="Mean IoU by number of components",
        chart=_dots(facts, "contiguity"),
    )


def _by_modality(facts: Facts) -> Figure | None:
    return _figure(
        _rows(facts, "by_modality"),
        "modality",
        name="iou-by-modality",
        title="Mean IoU by modality",
        chart=_dots(facts, "modality"),
    )


def _dots(facts: Facts, by: str) -> dict[str, Any]:
    return dots(facts, "mean IoU", by=by, domain=SHARE, told=(("tasks", "tasks", "d"), ("objects", "objects", "d")))


def _rows(facts: Facts, mart: str) -> list[labels.Row]:
    return labels.labelled(labels.by_mean(facts.mart(mart).to_pylist(), "mean_iou", "interval_iou"))


def _figure(rows: list[labels.Row], by: str, *, name: str, title: str, chart: dict[str, Any]) -> Figure | None:
    columns: Iterable[str] = ("prompting", by, "step", *SHARED)
    return build.figure(
        rows,
        columns,
        name=name,
        title=title,
        text="Computed within each task, then averaged over the tasks that have such an object; with its interval.",
        chart=chart,
        choose=CHOOSE,
        start=labels.fullest(rows),
    )
