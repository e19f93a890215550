"""What tasks, prompts and runs are called in figures and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from job.study.prompts import CLICKS, place_of

Row = dict[str, Any]
OVER_TASKS = "mean of tasks"
ALL_TASKS = "all tasks"
TACIT = ("seed", "protocol")
"""What a reader is told of only where there are several."""
SOME_TASKS = "tasks with an interval"


def task(row: Row) -> str:
    """Return `data set: task`, or what a row over tasks is called."""
    return f"{row['dataset']}: {row['task']}" if row.get("task") is not None else OVER_TASKS


def prompting(prompt: str, step: int, protocol: str | None = None) -> str:
    """Return a mode's name, or how many clicks; `box` of the box before them. protocol: of clicks, where several."""
    if prompt != CLICKS:
        return prompt
    clicks = counted(step, "click") if step else "box"
    return clicks if protocol is None else f"{clicks} ({protocol})"


def labelled(rows: Iterable[Row]) -> list[Row]:
    """Return rows in the order of prompts, modes as published before clicks, with further columns.

    where: the task. prompting: the prompt, and how many clicks. series: the model and its mask choice. order: of the
    tasks by name, the mean of tasks last.
    """
    rows = list(rows)
    tasks = sorted({task(row) for row in rows if row.get("task") is not None})
    order = {name: place for place, name in enumerate(tasks)}
    several = len({row["protocol"] for row in rows if row.get("prompt", CLICKS) == CLICKS}) > 1
    return [
        {
            "where": task(row),
            "prompting": prompting(row.get("prompt", CLICKS), row.get("step", 0), row["protocol"] if several else None),
            "series": f"{row['model']}, {row['mask_choice']}",
            "order": order.get(task(row), len(order)),
            **row,
        }
        for row in sorted(rows, key=_place)
    ]


def _place(row: Row) -> tuple[tuple[int, str, str, float], str, int]:
    return place_of(row.get("prompt", CLICKS)), row["protocol"], row.get("step", 0)


def by_mean(rows: Iterable[Row], mean: str, of_interval: str) -> Iterator[Row]:
    """Yield rows over tasks once for each mean that they hold, in the column `mean`, with the interval that is its own.

    over: whether the mean is over all tasks, or over those that have enough patients for an interval. mean: the column
    of the first. of_interval: that of the second, of which the number of objects is not known.
    """
    for row in rows:
        is_of_all = row["few_tasks"] is None
        bounds = {"low": row["low"] if is_of_all else None, "high": row["high"] if is_of_all else None}
        yield {**row, "over": ALL_TASKS, "mean": row[mean], **bounds}
        if not is_of_all and row[of_interval] is not None:
            of_some = {"mean": row[of_interval], "tasks": row["interval_tasks"], "objects": None}
            yield {**row, "over": SOME_TASKS, **of_some}


def as_table(rows: list[Row], columns: Iterable[str]) -> pa.Table:
    """Return some columns of rows as a table."""
    return pa.table({name: pa.array([row[name] for row in rows]) for name in columns})


def choices(rows: list[Row], *columns: str) -> tuple[str, ...]:
    """Return the columns to choose by. Seed and protocol are among them only where there are several."""
    return tuple(name for name in columns if name not in TACIT or len({row[name] for row in rows}) > 1)


def fullest(rows: list[Row], column: str = "prompting") -> dict[str, Any]:
    """Return the last value of a column among those with the most models."""
    models: dict[Any, set[str]] = {}
    for row in rows:
        models.setdefault(row[column], set()).add(row["model"])
    most = max(map(len, models.values()), default=0)
    fullest = [value for value, names in models.items() if len(names) == most]
    return {column: fullest[-1]} if fullest else {}


def last_clicks(rows: list[Row]) -> dict[str, Any]:
    """Return the prompt of the last row of clicks of the first contrast, or of its last mode."""
    first = [row for row in rows if row["contrast"] == rows[0]["contrast"]]
    return {"prompting": first[-1]["prompting"]} if first else {}


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 task` or `2 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
