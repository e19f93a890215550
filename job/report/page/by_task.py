"""IoU by task: its distribution for each model and prompt, with the published mean where there is one."""

from __future__ import annotations

import altair as alt

from job.report.page import labels
from job.report.page.encode import models, rows, series_offset, share
from job.report.page.facts import Facts
from job.report.page.parts import empty, figures
from job.report.page.section import Figure, Section, Table

COLUMNS = (
    "prompting", "where", "model", "mask_choice", "seed", "objects", "cluster", "clusters", "mean_iou", "low", "high",
    "p05_iou", "q1_iou", "median_iou", "q3_iou", "p95_iou", "failures", "published_iou", "series",
)  # fmt: skip
HIDDEN = frozenset({"series"})
HEADS = {"prompting": "prompt", "where": "task", "failures": "IoU < 0.5"}


def section(facts: Facts) -> Section:
    """Return the section."""
    made = figure(facts)
    html = figures([made]) if made else empty("No scores are stored yet.")
    return Section(title="IoU by task", id="by-task", html=html)


def figure(facts: Facts) -> Figure | None:
    """Return the boxes by task; None without rows."""
    found = labels.labelled(facts.mart("iou_distribution").to_pylist())
    if not found:
        return None
    table = labels.as_table(found, COLUMNS)
    return Figure(
        table=Table(name="iou-by-task", title="IoU by task", rows=table, heads=HEADS, hidden=HIDDEN),
        text=(
            "How IoU is spread over the objects of each task. Box: the middle half of the objects, with the median as "
            "a line in it; whiskers: from 5 to 95 per cent; filled sign: the mean; open diamond: the published mean. "
            "Tasks are in the order of their mean IoU."
        ),
        chart=_chart(facts).to_dict(),
        choose=labels.chosen(table, "prompting", "seed"),
    )


def _chart(facts: Facts) -> alt.LayerChart:
    by_mean = alt.EncodingSortField(field="mean_iou", op="mean", order="descending")
    base = alt.Chart(rows()).encode(
        y=alt.Y("where:N", sort=by_mean, title=None),
        yOffset=series_offset(facts),
        color=models(facts),
        tooltip=[
            alt.Tooltip("where:N", title="task"),
            alt.Tooltip("model:N"),
            alt.Tooltip("mask_choice:N", title="mask choice"),
            alt.Tooltip("mean_iou:Q", title="mean IoU", format=".4f"),
            alt.Tooltip("low:Q", title="from", format=".4f"),
            alt.Tooltip("high:Q", title="to", format=".4f"),
            alt.Tooltip("median_iou:Q", title="median", format=".4f"),
            alt.Tooltip("failures:Q", title="IoU < 0.5", format=".0%"),
            alt.Tooltip("objects:Q"),
            alt.Tooltip("published_iou:Q", title="published", format=".4f"),
        ],
    )
    return alt.layer(
        base.mark_rule().encode(x=share("p05_iou", "IoU"), x2="p95_iou:Q"),
        base.mark_bar(height=9, fillOpacity=0.3, strokeWidth=1).encode(
            x=share("q1_iou", "IoU"), x2="q3_iou:Q", stroke=models(facts)
        ),
        base.mark_tick(thickness=2, size=9).encode(x=share("median_iou", "IoU")),
        base.mark_point(filled=True, size=45, opacity=1).encode(
            x=share("mean_iou", "IoU"), shape=models(facts, alt.Shape)
        ),
        base.mark_point(shape="diamond", size=90, strokeWidth=2, filled=False).encode(
            x=share("published_iou", "IoU"), color=alt.value("#888888")
        ),
    ).properties(height=alt.Step(13))
