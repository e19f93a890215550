"""The study's tables for a terminal of 80 columns: rows are tasks, columns are modes or clicks, one for each run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from job.statistics import Summary
from job.study.prompts import CLICKS, MODE_NAMES

SHOWN_CLICKS = (1, 2, 3, 5, 9)
"""And the last; `summary/` has all of them."""
Row = dict[str, Any]
Run = tuple[str, str, str]
"""Model, protocol, mask choice."""


def render(summary: Summary) -> RenderableType:
    """Draw mean IoU by task and over tasks, then the comparison."""
    overall = _by_run(summary.marts["overall_scores"])
    tasks = _by_run(summary.marts["task_scores"])
    drawn: list[RenderableType] = [_table(run, tasks[run], overall[run]) for run in tasks]
    comparisons = list(_comparisons(summary))
    drawn += comparisons or ([] if drawn else [Text("no rows yet")])
    if comparisons:
        told = f"Intervals: bootstrap by {_clusters(summary)}; * fewer than ten; – fewer than two in a task."
        drawn.append(Text(told, style="italic"))
    if summary.demo_remark:
        drawn.append(Text(summary.demo_remark, style="bold yellow"))
    return Group(*drawn)


def ledger(summary: Summary) -> RenderableType:
    """Draw what was left out, and why."""
    lines = summary.marts["ledger"].to_pylist()
    if not lines:
        return Text("Nothing was left out.")
    table = Table(title="left out, or used with a remark", title_justify="left", box=box.SIMPLE)
    for name in ("data set", "kind", "reason"):
        table.add_column(name)
    table.add_column("lines", justify="right")
    table.add_column("for example")
    for line in lines:
        table.add_row(line["dataset"], line["kind"], line["reason"], str(line["lines"]), line["example"])
    return table


def _comparisons(summary: Summary) -> Iterator[Table]:
    """Draw the comparison over tasks for each run, with the click from which the baseline stays ahead."""
    crossings = summary.marts["crossing"].to_pylist()
    ahead = {(one["protocol"], one["mask_choice"]): one["crossing"] for one in crossings if one["task"] is None}
    for (model, protocol, choice), rows in _by_run(summary.marts["comparison_overall"]).items():
        clicks, baseline = rows[0]["prompt"] == CLICKS, rows[0]["baseline"]
        table = _titled(f"{model} minus {baseline}", _what(rows, protocol), choice)
        crossing = ahead.get((protocol, choice))
        if crossing is not None:
            table.caption = f"{baseline} is ahead from click {crossing} on\n"
        table.add_column("clicks" if clicks else "mode", no_wrap=True)
        for name in ("tasks", "objects", "difference", "interval", "tasks won"):
            table.add_column(name, justify="right", no_wrap=True)
        columns = _columns(rows)
        for row in sorted(rows, key=lambda row: row["step"]):
            if (row["prompt"], row["step"]) in columns:
                table.add_row(
                    str(row["step"]) if clicks else row["prompt"],
                    str(row["tasks"]),
                    str(row["objects"]),
                    f"{row['mean_difference']:+.4f}",
                    _interval(row),
                    f"{row['tasks_won']}/{row['tasks']}",
                )
        yield table


def _clusters(summary: Summary) -> str:
    """Say what the intervals draw: patients, or images where the spec states no patients."""
    return " and ".join(sorted(set(summary.marts["task_scores"]["cluster"].to_pylist())))


def _interval(row: Row) -> str:
    """Write an interval; a dash where too few clusters give none, a star where they are fewer than ten."""
    if row["low"] is None:
        return "–"
    return f"{row['low']:+.4f} to {row['high']:+.4f}" + ("*" if row["few_patients"] else "")


def _by_run(mart: pa.Table) -> dict[Run, list[Row]]:
    runs: dict[Run, list[Row]] = defaultdict(list)
    for row in mart.to_pylist():
        runs[row["model"], row["protocol"], row["mask_choice"]].append(row)
    return runs


def _what(rows: list[Row], protocol: str) -> str:
    return f"clicks by {protocol}" if rows[0]["prompt"] == CLICKS else "one-shot modes"


def _titled(whose: str, what: str, choice: str) -> Table:
    title = f"{whose} · {what} · mask choice: {choice} · mean IoU"
    return Table(
        title=title, title_justify="left", caption_justify="left", box=box.SIMPLE, collapse_padding=True, pad_edge=False
    )


def _table(run: Run, tasks: list[Row], overall: list[Row]) -> Table:
    model, protocol, choice = run
    columns = _columns(overall)
    table = _titled(model, _what(overall, protocol), choice)
    table.add_column("data set")
    table.add_column("task")
    table.add_column("objects", justify="right", no_wrap=True)
    for prompt, step in columns:
        # A mode's name in two lines; a figure must never be cut.
        name = str(step) if prompt == CLICKS else prompt.replace("_", "_\n")
        table.add_column(name, justify="right", no_wrap=True)
    for (dataset, task), rows in _grouped(tasks):
        table.add_row(dataset, task, str(rows[0]["objects"]), *_cells(rows, columns))
    table.add_section()
    table.add_row("mean of tasks", "", str(overall[0]["objects"]), *_cells(overall, columns), style="bold")
    return table


def _columns(rows: list[Row]) -> list[tuple[str, int]]:
    found = {(row["prompt"], row["step"]) for row in rows}
    last = max(step for _, step in found)
    kept = [(prompt, step) for prompt, step in found if step in SHOWN_CLICKS or step == last]
    order = {mode: index for index, mode in enumerate(MODE_NAMES)}
    return sorted(kept, key=lambda column: (order.get(column[0], 0), column[1]))


def _grouped(rows: Iterable[Row]) -> list[tuple[tuple[str, str], list[Row]]]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["dataset"], row["task"]].append(row)
    return sorted(groups.items())


def _cells(rows: list[Row], columns: list[tuple[str, int]]) -> list[str]:
    means = {(row["prompt"], row["step"]): row["mean_iou"] for row in rows}
    return [f"{means[column]:.4f}" if column in means else "–" for column in columns]
