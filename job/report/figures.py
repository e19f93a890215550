"""Intervals, p, clicks and modes as people read them."""

from __future__ import annotations

from typing import Any

from job.study.jitter import MARK

Row = dict[str, Any]
SHOWN_CLICKS = (0, 1, 2, 3, 5, 9)
"""A terminal shows these, of which 0 is the box that a protocol begins with, and the last; other formats have all."""


def interval(row: Row) -> str:
    """Return an interval as text; a dash where there is none."""
    return "–" if row["low"] is None else f"{row['low']:+.4f} to {row['high']:+.4f}"


def probability(p: float | None) -> str:
    """Return a p in three decimals; nothing where there was no test."""
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def clicks(step: int) -> str:
    """Return the number of clicks of a row in a table of clicks; `box` of the box that a protocol begins with."""
    return str(step) if step else "box"


def in_lines(prompt: str) -> str:
    """Return a mode's name with its jitter in a line of its own, so that a narrow terminal cuts no figure beside it."""
    return prompt.replace(MARK, "\n± ")
