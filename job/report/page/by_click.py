"""Measures against clicks, IoU also by task; how many objects reach an IoU, and after how many clicks."""

from __future__ import annotations

from job.report.by_click import at_several_steps
from job.report.page import build, labels
from job.report.page.charts import dots, lines
from job.report.page.facts import Facts
from job.report.page.section import Figure, Section
from job.study.prompts import CLICKS

COURSE = (
    "where", "model", "mask_choice", "protocol", "seed", "clicks", "cluster", "clusters", "auc", "auc_low", "auc_high",
    "first_iou", "last_iou", "gain", "gain_low", "gain_high", "worse", "best_click",
)  # fmt: skip
NOTHING = "The study has no clicks."
OF_RUN = ("model", "mask_choice", "protocol", "seed", "step")


def section(facts: Facts) -> Section:
    """Return the section."""
    made = [_overall(facts), _by_task(facts), _measures(facts), _reached(facts), _needed(facts)]
    course = labels.labelled(facts.mart("clicks_course").to_pylist())
    tables = [
        build.listing("clicks-course", "Area under the curve, and what more clicks gain", course, COURSE, folded=True)
    ]
    return build.section("IoU by click", "by-click", made, nothing=NOTHING, tables=tables)


def _overall(facts: Facts) -> Figure | None:
    rows = labels.labelled(labels.by_mean(_of_clicks(facts, "overall_scores"), "mean_iou", "interval_iou"))
    columns = ("over", *OF_RUN, "tasks", "objects", "cluster", "clusters", "mean", "low", "high")
    return build.figure(
        rows,
        columns,
        name="iou-by-click",
        title="Mean IoU against clicks",
        text=(
            "Mean IoU over tasks, each task weighing the same, after each click. Bands: intervals by cluster; "
            "there is none where a task has too few patients, except over the other tasks alone."
        ),
        chart=lines(facts, "mean IoU", told=(("tasks", "tasks", "d"),)),
        choose=("over", "protocol", "seed"),
    )


def _by_task(facts: Facts) -> Figure | None:
    rows = labels.labelled(_of_clicks(facts, "task_scores"))
    columns = ("where", *OF_RUN, "objects", "cluster", "clusters", "mean_iou", "low", "high")
    return build.figure(
        rows,
        columns,
        name="iou-by-click-and-task",
        title="Mean IoU against clicks, by task",
        text="Mean IoU over the objects of each task after each click, with its interval as a band.",
        chart=lines(facts, "mean IoU", field="mean_iou", facet="where", told=(("objects", "objects", "d"),)),
        choose=("protocol", "seed"),
    )


def _measures(facts: Facts) -> Figure | None:
    """Return a figure with a panel for each measure that a run has at several clicks, whatever the measure."""
    of_clicks = labels.by_mean(_of_clicks(facts, "measures_overall"), "mean", "interval_mean")
    rows = labels.labelled(at_several_steps(row for row in of_clicks if row["measure"] != "iou"))
    rows = [{**row, "seed": "all seeds" if row["seed"] is None else str(row["seed"])} for row in rows]
    columns = ("measure", "over", *OF_RUN, "tasks", "objects", "cluster", "clusters", "mean", "low", "high")
    return build.figure(
        rows,
        columns,
        name="measures-by-click",
        title="Other measures against clicks",
        text=(
            "Mean over tasks of every other measure that was computed after each click, with its interval as a band. "
            "Each panel has an axis of its own. Boundary metrics are among them with statistics.metrics_at: every."
        ),
        chart=lines(facts, "mean", domain=None, facet="measure", told=(("tasks", "tasks", "d"),)),
        choose=("over", "protocol", "seed"),
    )


def _reached(facts: Facts) -> Figure | None:
    rows = labels.labelled(facts.mart("cumulative").to_pylist())
    columns = ("level", *OF_RUN, "tasks", "reached", "low", "high")
    return build.figure(
        [{**row, "low": None, "high": None, "level": f"{row['level']:.2f}"} for row in rows],
        columns,
        name="reached-by-click",
        title="Share of objects that have reached an IoU",
        text="By each click, the share of objects whose IoU was at least the chosen one at that click or before.",
        chart=lines(facts, "share of objects", field="reached"),
        choose=("level", "protocol", "seed"),
        start={"level": "0.80"},
    )


def _needed(facts: Facts) -> Figure | None:
    rows = labels.labelled(facts.mart("clicks_needed").to_pylist())
    columns = (
        "level", "where", "model", "mask_choice", "protocol", "seed", "clicks", "objects", "cluster", "clusters", "noc",
        "low", "high", "never_reached", "reached_limit",
    )  # fmt: skip
    return build.figure(
        [{**row, "level": f"{row['level']:g}"} for row in rows],
        columns,
        name="clicks-needed",
        title="Number of clicks to reach an IoU",
        text="Mean number of clicks by task, with its interval. An object that never gets there counts as the limit.",
        chart=dots(
            facts, "clicks", field="noc", told=(("never_reached", "never reached", "d"), ("clicks", "limit", "d"))
        ),
        choose=("level", "protocol", "seed"),
    )


def _of_clicks(facts: Facts, mart: str) -> list[labels.Row]:
    return [row for row in facts.mart(mart).to_pylist() if row["prompt"] == CLICKS]
