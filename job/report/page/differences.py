"""Contrasts: paired differences by task with their intervals, share won, p and effect."""

from __future__ import annotations

from collections.abc import Iterable

from job.report import contrasts
from job.report.page import build, labels
from job.report.page.facts import Facts
from job.report.page.forest import forest, with_signs
from job.report.page.parts import paragraphs
from job.report.page.section import Figure, Section
from job.study.prompts import CLICKS

COLUMNS = (
    "contrast", "prompting", "choices", "seed", "where", "objects", "cluster", "clusters", "model_iou", "baseline_iou",
    "difference", "low", "high", "won", "p", "p_holm", "rank_biserial",
)  # fmt: skip
TOLD = (
    ("model_iou", "first", ".4f"), ("baseline_iou", "second", ".4f"), ("won", "share won", ".1%"),
    ("rank_biserial", "rank-biserial", ".3f"),
)  # fmt: skip
OF_ALL_TASKS = ("model_iou", "baseline_iou", "model_mean", "baseline_mean", "objects", "won")
"""What does not belong to the mean of an interval that leaves out tasks."""
NOT_OVER_TASKS = ("p_holm", "rank_biserial", "dataset", "task")


def section(facts: Facts) -> Section:
    """Return the section."""
    asked = contrasts.asked_for(facts.mart("comparison_overall"))
    return build.section(
        "Differences",
        "differences",
        [_forest(facts)],
        nothing="Nothing is compared: the spec has no statistics.compare and no contrast, and two models at most.",
        before=paragraphs([contrasts.legend(asked)] if asked else []),
    )


def contrast_rows(facts: Facts) -> list[labels.Row]:
    """Return the differences by task and over tasks, with labels, the spec's own contrasts first."""
    labelled = differences(facts.mart("comparison_by_task").to_pylist(), facts.mart("comparison_overall").to_pylist())
    return sorted(labelled, key=lambda row: (row["kind"] not in contrasts.SPEC_KINDS, row["contrast"]))


def differences(by_task: Iterable[labels.Row], overall: Iterable[labels.Row]) -> list[labels.Row]:
    """Return paired differences by task and over tasks, with labels of both sides: prompting and choices.

    difference: over tasks, the mean that the interval belongs to.
    """
    labelled = labels.labelled([
        *({**row, "difference": row["mean_difference"]} for row in by_task),
        *map(_over_tasks, overall),
    ])  # fmt: skip
    for row in labelled:
        row["choices"] = _pair(row["mask_choice"], row["baseline_choice"])
        row["prompting"] = _pair(row["prompting"], _baseline_prompting(row))
    return labelled


def _over_tasks(row: labels.Row) -> labels.Row:
    """Return a row over tasks with the mean that its interval belongs to, and nothing that is of another mean."""
    leaves_out = row["few_tasks"] is not None and row["interval_mean"] is not None
    lacking = NOT_OVER_TASKS + (OF_ALL_TASKS if leaves_out else ())
    return {**row, **dict.fromkeys(lacking), "difference": contrasts.difference(row)}


def _forest(facts: Facts) -> Figure | None:
    found = with_signs(contrast_rows(facts))
    return build.figure(
        found,
        COLUMNS,
        name="differences",
        title="Paired differences of IoU",
        text=(
            "The first side minus the second, on the objects that both saw: above 0 the first is better. Sign: mean "
            "difference; line: its interval; filled where the interval excludes 0. At the right: the share of objects "
            "on which the first side is better, and p. The mean of tasks is over those that have an interval."
        ),
        chart=forest("difference of mean IoU", TOLD),
        choose=("contrast", "prompting", "choices", "seed"),
        start=labels.last_clicks(found),
    )


def _pair(first: str, second: str) -> str:
    return first if second in (first, "single") else f"{first} minus {second}"


def _baseline_prompting(row: labels.Row) -> str:
    several = row["protocol"] if "(" in row["prompting"] else None
    if row["baseline_prompt"] == CLICKS and row["prompt"] == CLICKS and row["baseline_protocol"] != row["protocol"]:
        several = row["baseline_protocol"]
    return labels.prompting(row["baseline_prompt"], row["baseline_step"], several)
