"""The tables of a paper, from the marts: rows of tasks, columns of runs, `mean [low, high]`, published means beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from job.report.cells import Bold
from job.report.figures import clicks
from job.study.prompts import CLICKS, ONE_SHOT, place_of

Row = dict[str, Any]
OVER_TASKS = "mean of tasks"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One table. marts: the names of those that it needs."""

    marts: tuple[str, ...]
    make: Callable[[Mapping[str, pa.Table]], tuple[pa.Table, Bold]]


@dataclass
class _Grid:
    """Cells by row and column, both in the order in which they come, and the scores by which the best are told."""

    heads: tuple[str, ...]
    cells: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    columns: dict[str, None] = field(default_factory=dict)
    scores: dict[tuple[str, ...], dict[str, float]] = field(default_factory=dict)

    def put(self, row: tuple[str, ...], column: str, cell: str, score: float | None = None) -> None:
        """Set a cell. score: what makes it the best of its row; None if it is not compared."""
        self.columns.setdefault(column)
        self.cells.setdefault(row, {})[column] = cell
        if score is not None:
            self.scores.setdefault(row, {})[column] = score

    def table(self) -> tuple[pa.Table, Bold]:
        """Return the table, and the best cells of each row of two or more."""
        columns, rows = list(self.columns), list(self.cells)
        data: dict[str, list[str | None]] = {head: [row[n] for row in rows] for n, head in enumerate(self.heads)}
        data |= {column: [self.cells[row].get(column) for row in rows] for column in columns}
        bold = set()
        for place, row in enumerate(rows):
            scores = self.scores.get(row, {})
            best = [column for column, score in scores.items() if score == max(scores.values())]
            if len(scores) > 1 and len(best) < len(scores):
                bold |= {(place, len(self.heads) + columns.index(column)) for column in best}
        return pa.table({name: pa.array(values, pa.string()) for name, values in data.items()}), bold


def _scores(marts: Mapping[str, pa.Table], *, clicks: bool) -> tuple[pa.Table, Bold]:
    """Return mean IoU by task and mode (or click), with the published means."""
    grid = _Grid(("data set", "task", "clicks" if clicks else "mode"))
    rows = marts["task_scores"].to_pylist() + marts["overall_scores"].to_pylist()
    published = marts["against_published"].to_pylist() + marts["against_published_overall"].to_pylist()
    several = len({row["seed"] for row in rows}) > 1
    for row in sorted(rows, key=lambda row: (_place(row), place_of(row["prompt"]), row["step"], row["model"])):
        if (row["prompt"] == CLICKS) is clicks:
            grid.put(_key(row), _column(row, several), _cell(row, "mean_iou"), row["mean_iou"])
    for row in published:
        if _key(row) in grid.cells:
            grid.put(_key(row), f"published {row['published']} ({row['mask_choice']})", f"{row['published_iou']:.4f}")
    return grid.table()


def _clicks_needed(marts: Mapping[str, pa.Table]) -> tuple[pa.Table, Bold]:
    """Return the number of clicks by task and IoU level; the fewest are the best."""
    rows = marts["clicks_needed"].to_pylist()
    grid, several = _Grid(("data set", "task", "measure")), len({row["seed"] for row in rows}) > 1
    for row in sorted(rows, key=lambda row: (_place(row), row["clicks"], row["level"], row["model"])):
        grid.put((*_task(row), row["measure"]), _column(row, several), _cell(row, "noc"), -row["noc"])
    return grid.table()


def _differences(marts: Mapping[str, pa.Table]) -> tuple[pa.Table, Bold]:
    """Return the paired differences of each contrast by task, with p and the share of objects won.

    Over tasks there is a p only if every task has part in it: otherwise it is of another mean.
    """
    grid = _Grid(("contrast", "mask choice", "data set", "task", "prompt"))
    rows = marts["comparison_by_task"].to_pylist() + marts["comparison_overall"].to_pylist()
    for row in sorted(rows, key=lambda row: (row["contrast"], row["mask_choice"], _place(row), row["step"])):
        key = (row["contrast"], row["mask_choice"], *_key(row))
        grid.put(key, "difference", _cell(row, "mean_difference"))
        grid.put(key, "p", "" if row["p"] is None or row.get("few_tasks") else f"{row['p']:.4f}")
        grid.put(key, "p (Holm)", "" if row.get("p_holm") is None else f"{row['p_holm']:.4f}")
        grid.put(key, "won", f"{row['won']:.4f}")
    return grid.table()


def _task(row: Row) -> tuple[str, str]:
    return (row["dataset"], row["task"]) if row.get("task") else (OVER_TASKS, "")


def _place(row: Row) -> tuple[bool, str, str]:
    """Return what sorts a row: tasks by name, the mean over tasks last."""
    return (not row.get("task"), *_task(row))


def _key(row: Row) -> tuple[str, ...]:
    return (*_task(row), clicks(row["step"]) if row["prompt"] == CLICKS else row["prompt"])


def _column(row: Row, several_seeds: bool) -> str:
    """Return the name of a run's column; its seed only in a study of several, its protocol only of clicks."""
    protocol = [row["protocol"]] if row["protocol"] != ONE_SHOT else []
    seed = [f"seed {row['seed']}"] if several_seeds else []
    return f"{row['model']} ({', '.join([row['mask_choice'], *protocol, *seed])})"


def _cell(row: Row, name: str) -> str:
    """Return a mean and its interval, if it has both. An interval that leaves out tasks is of another mean."""
    if row[name] is None:
        return ""
    has_interval = row["low"] is not None and not row.get("few_tasks")
    return f"{row[name]:.4f}" + (f" [{row['low']:.4f}, {row['high']:.4f}]" if has_interval else "")


SHAPES = {
    "modes": Shape(
        marts=("task_scores", "overall_scores", "against_published", "against_published_overall"),
        make=lambda marts: _scores(marts, clicks=False),
    ),
    "clicks": Shape(
        marts=("task_scores", "overall_scores", "against_published", "against_published_overall"),
        make=lambda marts: _scores(marts, clicks=True),
    ),
    "noc": Shape(marts=("clicks_needed",), make=_clicks_needed),
    "differences": Shape(marts=("comparison_by_task", "comparison_overall"), make=_differences),
}
