"""Measures that were computed after each click, of all that a study has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SERIES = ("measure", "model", "prompt", "protocol", "mask_choice", "seed")


def at_several_steps(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of measures that a run has at more than one step: not those of a whole trajectory.

    rows: of `measures_by_task` or `measures_overall`.
    """
    rows = list(rows)
    steps: dict[tuple[Any, ...], set[int]] = {}
    for row in rows:
        steps.setdefault(_series(row), set()).add(row["step"])
    return [row for row in rows if len(steps[_series(row)]) > 1]


def _series(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in SERIES)
