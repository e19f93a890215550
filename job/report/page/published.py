"""The study's means beside the published ones."""

from __future__ import annotations

from job.report.page import build, labels
from job.report.page.charts import diagonal
from job.report.page.facts import Facts
from job.report.page.section import Section

COLUMNS = (
    "prompting", "where", "model", "mask_choice", "seed", "published", "objects", "mean_iou", "published_iou",
    "difference",
)  # fmt: skip
OVERALL = (
    "prompting", "model", "mask_choice", "seed", "published", "tasks", "mean_iou", "published_iou", "difference",
    "absolute_difference", "rank_correlation",
)  # fmt: skip


def section(facts: Facts) -> Section:
    """Return the section."""
    rows = labels.labelled(facts.mart("against_published").to_pylist())
    overall = labels.labelled(facts.mart("against_published_overall").to_pylist())
    figure = build.figure(
        rows,
        COLUMNS,
        name="published",
        title="Mean IoU here and as published",
        text="Each sign is a task. On the dashed line both means are equal; above it, this study's is higher.",
        chart=diagonal(
            facts, ("published_iou", "published mean IoU"), ("mean_iou", "mean IoU here"), told=(("where", "task"),)
        ),
        choose=("prompting", "mask_choice", "seed"),
        start=labels.fullest(rows),
    )
    return build.section(
        "Beside the published means",
        "published",
        [figure],
        nothing="No model of the spec names a published column (published), or no task has a published mean.",
        tables=[build.listing("published-overall", "Means over tasks", overall, OVERALL)],
    )
