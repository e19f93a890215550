"""What may be said of a contrast: differences with their intervals, and a lead only where its interval holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from job.report.figures import interval, probability
from job.study.prompts import CLICKS, ONE_SHOT

SPEC_KINDS = ("compare", "contrast")
"""The kinds of contrasts that the spec asks for; the others every study has."""
Row = dict[str, Any]


class Sides(NamedTuple):
    """Both sides of a contrast, in every step of one kind of prompt."""

    contrast: str
    model: str
    protocol: str
    mask_choice: str
    seed: int
    baseline: str
    baseline_protocol: str
    baseline_choice: str
    baseline_seed: int


def sides(row: Row) -> Sides:
    """Return the sides of a row of `comparison_overall`, `comparison_by_task`, `crossing` or `crossing_by_click`."""
    return Sides(*(row[name] for name in Sides._fields))


def findings(rows: Iterable[Row], confidence: float) -> list[str]:
    """Return a sentence for each pair of sides: what its last row of `comparison_overall` shows."""
    last = {sides(row): row for row in rows}
    return [f"{which}{finding(last[pair], confidence)}" for pair, which in told_apart(last).items()]


def told_apart(pairs: Iterable[Sides]) -> dict[Sides, str]:
    """Return how a sentence on each pair begins: with the protocol of its clicks and its seed, where there are several.

    Otherwise two sentences would say different things of the same.
    """
    pairs = list(pairs)
    protocols = {pair.protocol for pair in pairs} - {ONE_SHOT}
    seeds = {pair.seed for pair in pairs}
    return {
        pair: _beginning(pair, several_protocols=len(protocols) > 1, several_seeds=len(seeds) > 1) for pair in pairs
    }


def _beginning(pair: Sides, *, several_protocols: bool, several_seeds: bool) -> str:
    protocol = [f"clicks by {pair.protocol}"] if several_protocols and pair.protocol != ONE_SHOT else []
    text = ", ".join([*protocol, *([f"seed {pair.seed}"] if several_seeds else [])])
    return f"{text[0].upper()}{text[1:]}: " if text else ""


def asked_for(mart: pa.Table) -> list[Row]:
    """Return the rows of the spec's own contrasts."""
    return [row for row in mart.to_pylist() if row["kind"] in SPEC_KINDS]


def difference(row: Row) -> float:
    """Return the mean that the interval belongs to; that of all tasks where there is no interval."""
    mean: float = row["mean_difference"] if row["interval_mean"] is None else row["interval_mean"]
    return mean


def of_tasks(row: Row) -> str:
    """Return what a finding is of, where not all tasks have part in it."""
    left_out = row["few_tasks"] is not None and row["interval_tasks"] is not None
    return f", over {row['interval_tasks']} of {row['tasks']} tasks" if left_out else ""


def lead(crossing: Row, overall: Row) -> str | None:
    """Return from which click one side is ahead; None where no interval holds it.

    crossing: the row over tasks of `crossing`, or nothing. overall: one of `comparison_overall`.
    """
    if not crossing.get("ahead"):
        return None
    return f"{crossing['ahead']} is ahead from click {crossing['ahead_from']} on{of_tasks(overall)}"


def finding(row: Row, confidence: float) -> str:
    """Return what a row of `comparison_overall` shows, as a sentence that claims no more than its interval holds.

    confidence: of the interval, 0 to 1.
    """
    when = f"After {_clicks(row['step'])}" if row["prompt"] == CLICKS else f"With {row['prompt']}"
    value, names = difference(row), _names(row)
    of = f"{of_tasks(row)}, mask choice {_choices(row)}"
    if row["low"] is None:
        lacking = f"too few {row['cluster']}s for an interval, so that neither is shown to be ahead"
        return f"{when} {row['contrast']} is {value:+.4f} mean IoU{of}; {lacking}."
    first, second = names if value > 0 else names[::-1]
    p = "" if row["p"] is None else f", p {probability(row['p'])}"
    if row["low"] > 0 or row["high"] < 0:
        low, high = sorted((abs(row["low"]), abs(row["high"])))
        bounds = f"{100 * confidence:g} % interval {low:.4f} to {high:.4f}{p}"
        return f"{when} the mean IoU of {first} is {abs(value):.4f} higher than that of {second} ({bounds}){of}."
    bounds = f"{100 * confidence:g} % interval {interval(row)}{p}"
    return f"{when} neither is shown to be ahead: {row['contrast']} is {value:+.4f} mean IoU ({bounds}){of}."


def _names(row: Row) -> tuple[str, str]:
    """Return what both sides are called; one model has no two names."""
    if row["model"] != row["baseline"]:
        return row["model"], row["baseline"]
    return f"the first side of {row['contrast']}", "the second"


def _choices(row: Row) -> str:
    own, other = row["mask_choice"], row["baseline_choice"]
    return own if other in ("single", own) else f"{own} against {other}"


def legend(rows: Iterable[Row]) -> str:
    """Return how intervals and p were made, and which tasks have no part in them."""
    rows = list(rows)
    clusters = sorted({row["cluster"] for row in rows})
    text = f"Intervals and p: bootstrap and sign flips by {' or '.join(clusters)}; – fewer than five in every task."
    few = sorted(set(_few_tasks(rows)))
    return f"{text} Tasks of fewer than five have no part in the differences: {'; '.join(few)}." if few else text


def _few_tasks(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield from (name for name in (row["few_tasks"] or "").split("; ") if name)


def _clicks(number: int) -> str:
    return {0: "the box", 1: "1 click"}.get(number, f"{number} clicks")
