"""The study's table for a terminal: rows are tasks, columns are modes or clicks, one table for each way of running."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from job.spec.study import CLICKS, MODE_NAMES
from job.statistics import Summary

SHOWN_CLICKS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20)
Row = dict[str, Any]


def render(summary: Summary) -> RenderableType:
    """Draw mean IoU by task and over tasks."""
    overall = _by_run(summary.marts["overall_scores"])
    tasks = _by_run(summary.marts["task_scores"])
    tables: list[RenderableType] = [_table(run, tasks[run], overall[run]) for run in tasks]
    comparison = summary.marts["comparison_overall"].to_pylist()
    if comparison:
        table = _comparison(comparison, summary.marts["crossing"].to_pylist())
        table.caption = f"intervals: bootstrap by {_clusters(summary)}; * fewer than ten; – fewer than two in a task"
        tables.append(table)
    return Group(*(tables or [Text("no rows yet")]))


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


def _comparison(rows: list[Row], crossings: list[Row]) -> Table:
    """Draw the comparison over tasks, with the click from which the baseline stays ahead."""
    first = rows[0]
    title = f"{first['model']} minus {first['baseline']} · mean IoU over tasks, with its interval"
    table = Table(title=title, title_justify="left", caption_justify="left", box=box.SIMPLE)
    for name in ("prompts", "mask choice"):
        table.add_column(name)
    for name in ("step", "tasks", "objects", "difference", "interval", "tasks won", "baseline ahead from click"):
        table.add_column(name, justify="right")
    ahead = {(one["protocol"], one["mask_choice"]): one["crossing"] for one in crossings if one["task"] is None}
    for row in rows:
        crossing = ahead.get((row["protocol"], row["mask_choice"]))
        table.add_row(
            row["protocol"] if row["prompt"] == CLICKS else row["prompt"],
            row["mask_choice"],
            str(row["step"]),
            str(row["tasks"]),
            str(row["objects"]),
            f"{row['mean_difference']:+.4f}",
            _interval(row),
            f"{row['tasks_won']}/{row['tasks']}",
            "" if crossing is None or row["step"] != 1 else str(crossing),
        )
    return table


def _clusters(summary: Summary) -> str:
    """Say what the intervals draw: patients, or images where the spec states no patients."""
    return " and ".join(sorted(set(summary.marts["task_scores"]["cluster"].to_pylist())))


def _interval(row: Row) -> str:
    """Write an interval; a dash where too few clusters give none, a star where they are fewer than ten."""
    if row["low"] is None:
        return "–"
    return f"{row['low']:+.4f} to {row['high']:+.4f}" + ("*" if row["few_patients"] else "")


def _by_run(mart: pa.Table) -> dict[tuple[str, str, str], list[Row]]:
    runs: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in mart.to_pylist():
        runs[row["model"], row["protocol"], row["mask_choice"]].append(row)
    return runs


def _table(run: tuple[str, str, str], tasks: list[Row], overall: list[Row]) -> Table:
    model, protocol, choice = run
    columns = _columns(overall)
    clicks = columns[0][0] == CLICKS
    what = f"clicks by {protocol}" if clicks else "one-shot modes"
    table = Table(title=f"{model} · {what} · mask choice: {choice} · mean IoU", title_justify="left", box=box.SIMPLE)
    table.add_column("data set")
    table.add_column("task")
    table.add_column("objects", justify="right")
    for prompt, step in columns:
        table.add_column(str(step) if clicks else prompt, justify="right")
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
