"""Whether a model knows how good its mask is: predicted against true IoU."""

from __future__ import annotations

from job.report.page import build, labels
from job.report.page.charts import diagonal
from job.report.page.facts import Facts
from job.report.page.section import Section
from job.report.page.vega import quantitative

BINS = (
    "prompting", "model", "mask_choice", "seed", "predicted_from", "predicted_below", "objects", "mean_predicted",
    "mean_iou",
)  # fmt: skip
TASKS = (
    "prompting", "where", "model", "mask_choice", "seed", "objects", "cluster", "clusters", "bias", "bias_low",
    "bias_high", "error", "error_low", "error_high", "rho", "rho_low", "rho_high",
)  # fmt: skip


def section(facts: Facts) -> Section:
    """Return the section."""
    rows = labels.labelled(facts.mart("calibration_bins").to_pylist())
    by_task = labels.labelled(facts.mart("calibration").to_pylist())
    size = quantitative("objects", title="objects", legend={"orient": "top"}, scale={"range": [25, 400]})
    chart = diagonal(
        facts,
        ("mean_predicted", "predicted IoU"),
        ("mean_iou", "true IoU"),
        size=size,
        told=(("objects", "objects", "d"),),
    )
    figure = build.figure(
        rows,
        BINS,
        name="calibration",
        title="Predicted against true IoU",
        text=(
            "Objects in ten groups by the IoU that the model predicts for its own mask: the mean prediction of a "
            "group, and the mean of what was true. Below the dashed line the model thinks too well of its masks."
        ),
        chart=chart,
        choose=("prompting", "mask_choice", "seed"),
        start=labels.fullest(rows),
    )
    return build.section(
        "Calibration",
        "calibration",
        [figure],
        nothing="No model here predicts its own IoU.",
        tables=[
            build.listing(
                "calibration-by-task", "Bias, error and rank correlation by task", by_task, TASKS, folded=True
            )
        ],
    )
