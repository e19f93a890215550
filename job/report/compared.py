"""What changed between two outputs, for a terminal of 80 columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import fmean
from typing import Any, NamedTuple

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from job.report.compared_remarks import legend, remarks
from job.report.console import open_console, print_lines
from job.report.figures import SHOWN_CLICKS, clicks, in_lines, interval, probability
from job.statistics.compare import Comparison
from job.statistics.resampling import FEWEST_CLUSTERS
from job.study.prompts import CLICKS, place_of

Row = dict[str, Any]


class Run(NamedTuple):
    """What one table shows."""

    model: str
    baseline: str
    protocol: str
    mask_choice: str
    baseline_choice: str
    seed: int


def write(comparison: Comparison, *, all_tasks: bool) -> None:
    """Print what is compared, the change of IoU over tasks, and the changes by task.

    all_tasks: those of all tasks; else those alone whose interval excludes 0.
    """
    print_lines(remarks(comparison))
    console = open_console()
    console.print()
    for drawn in _tables(comparison, all_tasks=all_tasks):
        console.print(drawn)
    console.print(legend(comparison), style="italic")
    for remark in comparison.remarks:
        console.print(remark, style="bold yellow")


def _tables(comparison: Comparison, *, all_tasks: bool) -> Iterator[RenderableType]:
    """Draw the tables over tasks, each followed by its tasks."""
    by_task = _by_run(row for row in comparison.by_task.to_pylist() if row["measure"] == "iou")
    overall = _by_run(comparison.overall.to_pylist())
    several_seeds = len({run.seed for run in overall}) > 1
    for run, rows in overall.items():
        tasks = _shown(by_task[run])
        yield _over_tasks(run, _shown(rows), tasks, several_seeds=several_seeds)
        listed = [row for row in tasks if all_tasks or _excludes_0(row)]
        yield _tasks(listed) if listed else Text("by task: no interval excludes 0\n")


def _over_tasks(run: Run, rows: list[Row], tasks: list[Row], *, several_seeds: bool) -> Table:
    prompting = f"clicks by {run.protocol}" if _is_clicks(rows) else "one-shot modes"
    other_choice = "" if run.baseline_choice == run.mask_choice else f" minus {run.baseline_choice}"
    seed = [f"seed {run.seed}"] if several_seeds else []
    choice = f"mask choice: {run.mask_choice}{other_choice}"
    title = " · ".join([f"{run.model} minus {run.baseline}", prompting, choice, *seed, "mean IoU"])
    table = _empty(title, _prompt_column(rows), ("before", "after", "difference", "interval", "p", "tasks\nchanged"))
    for row in rows:
        own = [task for task in tasks if _place(task) == _place(row)]
        table.add_row(
            _prompt(row),
            *_means(row, own),
            interval(row),
            probability(row["p"]),
            f"{sum(map(_excludes_0, own))}/{row['tasks']}",
        )
    return table


def _means(row: Row, tasks: list[Row]) -> tuple[str, str, str]:
    """Return the means before and after, and the difference, over the tasks of the interval, or else over all."""
    enough = [task for task in tasks if row["interval_mean"] is None or task["clusters"] >= FEWEST_CLUSTERS]
    names = ("baseline_mean", "model_mean", "mean_difference")
    before, after, difference = (fmean(task[name] for task in enough) for name in names)
    return f"{before:.4f}", f"{after:.4f}", f"{difference:+.4f}"


def _tasks(rows: list[Row]) -> Table:
    table = _empty("by task", "data set", ("difference", "interval", "p"), ("task", _prompt_column(rows)))
    for row in sorted(rows, key=lambda row: (row["dataset"], row["task"])):
        table.add_row(
            *map(Text, (row["dataset"], row["task"], _prompt(row))),
            f"{row['mean_difference']:+.4f}",
            interval(row),
            probability(row["p_holm"]),
        )
    return table


def _empty(title: str, first: str, numbers: tuple[str, ...], further: tuple[str, ...] = ()) -> Table:
    """Return a table without rows. first, further: columns of text."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE, collapse_padding=True, pad_edge=False)
    for name in (first, *further):
        table.add_column(name, no_wrap=name in ("clicks", "mode"))
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _by_run(rows: Any) -> dict[Run, list[Row]]:
    runs: dict[Run, list[Row]] = defaultdict(list)
    for row in rows:
        runs[Run(**{name: row[name] for name in Run._fields})].append(row)
    return runs


def _shown(rows: list[Row]) -> list[Row]:
    """Return the rows of modes in the published order, or of some clicks in theirs."""
    last = max((row["step"] for row in rows), default=0)
    shown = [row for row in rows if row["step"] in SHOWN_CLICKS or row["step"] == last]
    return sorted(shown, key=lambda row: (place_of(row["prompt"]), row["step"]))


def _place(row: Row) -> tuple[str, int]:
    return row["prompt"], row["step"]


def _is_clicks(rows: list[Row]) -> bool:
    return bool(rows[0]["prompt"] == CLICKS)


def _prompt_column(rows: list[Row]) -> str:
    return "clicks" if _is_clicks(rows) else "mode"


def _prompt(row: Row) -> str:
    return clicks(row["step"]) if row["prompt"] == CLICKS else in_lines(row["prompt"])


def _excludes_0(row: Row) -> bool:
    return row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
