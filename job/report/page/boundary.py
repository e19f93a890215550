"""Boundary metrics, where the spec asks for them."""

from __future__ import annotations

from job.report.page import build, labels
from job.report.page.charts import dots
from job.report.page.facts import Facts
from job.report.page.section import Section

COLUMNS = (
    "measure", "prompting", "where", "model", "mask_choice", "seed", "objects", "cluster", "clusters", "mean", "low",
    "high",
)  # fmt: skip
OVER = "objects with a value"
"""By which the mart `measures` tells boundary metrics from the others."""


def section(facts: Facts) -> Section:
    """Return the section."""
    measures = {row["measure"]: row for row in facts.mart("measures").to_pylist() if row["over"] == OVER}
    rows = labels.labelled(row for row in facts.mart("measures_by_task").to_pylist() if row["measure"] in measures)
    figure = build.figure(
        rows,
        COLUMNS,
        name="boundary",
        title="Boundary metrics by task",
        text="Mean by task, with its interval. NSD and boundary IoU: higher is better; distances: lower is better.",
        chart=dots(facts, "mean", told=(("objects", "objects", "d"),)),
        choose=("measure", "prompting", "seed"),
        start=labels.fullest(rows),
    )
    return build.section(
        "Boundary",
        "boundary",
        [figure],
        nothing="The spec asks for no boundary metrics (statistics.metrics).",
    )
