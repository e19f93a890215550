"""What tasks, prompts and runs are called in figures and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from job.study.prompts import CLICKS, MODE_NAMES

Row = dict[str, Any]
OVER_TASKS = "mean of tasks"


def task(row: Row) -> str:
    """Return `data set: task`, or what a row over tasks is called."""
    return f"{row['dataset']}: {row['task']}" if row.get("task") is not None else OVER_TASKS


def prompting(row: Row, *, several_protocols: bool = False) -> str:
    """Return a mode's name, or how many clicks; their protocol only where there are several."""
    if row["prompt"] != CLICKS:
        return str(row["prompt"])
    clicks = f"{row['step']} click" if row["step"] == 1 else f"{row['step']} clicks"
    return f"{clicks} ({row['protocol']})" if several_protocols else clicks


def in_order(row: Row) -> tuple[int, str, int]:
    """Return what sorts rows by prompt: modes as published, then clicks."""
    order = {mode: place for place, mode in enumerate(MODE_NAMES)}
    return order.get(row["prompt"], len(order)), row["protocol"], row["step"]


def labelled(rows: Iterable[Row]) -> list[Row]:
    """Return rows in the order of prompts, with the labels `where`, `prompting` and `series` in front."""
    rows = list(rows)
    several = len({row["protocol"] for row in rows if row["prompt"] == CLICKS}) > 1
    return [
        {
            "where": task(row),
            "prompting": prompting(row, several_protocols=several),
            "series": f"{row['model']}, {row['mask_choice']}",
            **row,
        }
        for row in sorted(rows, key=in_order)
    ]


def as_table(rows: list[Row], columns: Iterable[str]) -> pa.Table:
    """Return some columns of rows as a table."""
    return pa.table({name: pa.array([row[name] for row in rows]) for name in columns})


def chosen(table: pa.Table, *columns: str) -> tuple[str, ...]:
    """Return those of the columns that have several values, so that a reader has a choice."""
    return tuple(name for name in columns if len(set(table[name].to_pylist())) > 1)
