"""The page of compared outputs: what is compared, what changed over tasks and by task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from markupsafe import Markup

from job.report import contrasts
from job.report.compared_remarks import legend, remarks
from job.report.page import build, labels
from job.report.page.differences import differences
from job.report.page.document import document
from job.report.page.forest import by_click, forest, with_signs
from job.report.page.parts import paragraphs
from job.report.page.section import Figure, Section
from job.statistics.compare import Comparison
from job.study.prompts import CLICKS

COLUMNS = (
    "measure", "model", "prompting", "choices", "seed", "where", "objects", "cluster", "clusters", "model_mean",
    "baseline_mean", "difference", "low", "high", "p", "p_holm",
)  # fmt: skip
BY_CLICK = ("model", "choices", "seed", "where", "step", "difference", "low", "high", "p", "cluster", "clusters")
CHOOSE = ("measure", "model", "prompting", "choices", "seed")
TOLD = (("model_mean", "after", ".4f"), ("baseline_mean", "before", ".4f"))
IOU = "iou"


def page(comparisons: Sequence[Comparison], made: str, vega: str | None = None) -> str:
    """Return the page of comparisons with one output. made: when. vega: the bundle; None: it is made."""
    names = [comparisons[0].before.alias, *(comparison.after.alias for comparison in comparisons)]
    sections = chain.from_iterable(map(_sections, comparisons, range(1, len(comparisons) + 1)))
    return document(f"{', '.join(names[1:])} against {names[0]}", f"page made {made}", list(sections), vega)


def _sections(comparison: Comparison, number: int) -> Iterable[Section]:
    title = f"{comparison.after.alias} minus {comparison.before.alias}"
    yield Section(title=title, id=f"compared-{number}", html=_compared(comparison))
    rows = _rows(comparison)
    yield build.section(
        f"{title}: changes",
        f"changes-{number}",
        [_by_task(rows, number), _by_click(rows, number)],
        nothing="No scores are compared.",
        before=paragraphs([legend(comparison)]),
    )


def _compared(comparison: Comparison) -> Markup:
    """Return what is compared and what is not, and what changed over tasks, each run at its last click or mode."""
    found = contrasts.findings(comparison.overall.to_pylist(), comparison.statistics.confidence)
    return paragraphs(comparison.remarks, "note") + paragraphs(found, "headline") + paragraphs(remarks(comparison))


def _rows(comparison: Comparison) -> list[labels.Row]:
    overall = [
        {**row, "won": None, "measure": IOU, "model_mean": row["model_iou"], "baseline_mean": row["baseline_iou"]}
        for row in comparison.overall.to_pylist()
    ]
    rows = differences(comparison.by_task.to_pylist(), overall)
    return with_signs(sorted(rows, key=lambda row: row["measure"] != IOU))


def _by_task(rows: list[labels.Row], number: int) -> Figure | None:
    return build.figure(
        rows,
        COLUMNS,
        name=f"changes-by-task-{number}",
        title="Changes by task",
        text=(
            "After minus before, on the objects that both outputs have. Sign: mean difference; line: its interval; "
            "filled where the interval excludes 0; at the right: p. The mean of tasks is over those with an interval."
        ),
        chart=forest("difference", TOLD),
        choose=CHOOSE,
        start=labels.last_clicks([{**row, "contrast": row["measure"]} for row in rows]),
    )


def _by_click(rows: list[labels.Row], number: int) -> Figure | None:
    clicks = [row for row in rows if row["prompt"] == CLICKS and row["measure"] == IOU]
    return build.figure(
        sorted(clicks, key=lambda row: row["where"] != labels.OVER_TASKS),
        BY_CLICK,
        name=f"changes-by-click-{number}",
        title="Changes of IoU by click",
        text="After minus before at each click, with the interval of that click alone as a band.",
        chart=by_click("difference of mean IoU"),
        choose=("model", "choices", "seed", "where"),
    )
