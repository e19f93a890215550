"""The place of each of three or more models."""

from __future__ import annotations

from job.report.page import build, labels
from job.report.page.charts import dots
from job.report.page.facts import Facts
from job.report.page.section import Section

COLUMNS = (
    "prompting", "mask_choice", "seed", "model", "cluster", "clusters", "place", "low", "high", "best",
)  # fmt: skip
PAIRS = (
    "prompting", "mask_choice", "seed", "model", "baseline", "tasks", "objects", "cluster", "clusters",
    "mean_difference", "low", "high", "p", "p_holm",
)  # fmt: skip


def section(facts: Facts) -> Section:
    """Return the section."""
    rows = labels.labelled(facts.mart("ranks").to_pylist())
    pairs = labels.labelled({**row, "dataset": None} for row in facts.mart("model_pairs").to_pylist())
    chart = dots(facts, "place", field="place", by="model", told=(("best", "first in", ".1%"),))
    figure = build.figure(
        rows,
        COLUMNS,
        name="ranks",
        title="Places of the models",
        text=(
            "The place of each model by its mean IoU over tasks, 1 for the best, with its interval over the resamples. "
            "Hovering tells the share of resamples in which a model is first."
        ),
        chart=chart,
        choose=("prompting", "mask_choice", "seed"),
        start=labels.fullest(rows),
    )
    return build.section(
        "Ranks",
        "ranks",
        [figure],
        nothing="Ranks need three models or more, and five patients or more in a task.",
        tables=[build.listing("model-pairs", "Which pairs of models differ", pairs, PAIRS)],
    )
