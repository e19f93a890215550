"""The progress of a study, from the plan and the stored files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass

from job.plan.file import Part, Plan
from job.results.store import PARTIAL, Results


@dataclass(frozen=True, kw_only=True)
class PartCounts:
    """Numbers of parts of one model.

    done: stored in full. partial: cut short by a storage error. failed: not stored, of a chunk that failed twice.
    """

    model: str
    planned: int
    done: int
    partial: int
    failed: int


def count_parts(results: Results, plan: Plan) -> list[PartCounts]:
    """Count the parts by model and state. Models are in the plan's order."""
    stored, failures = results.names("iou"), results.failures()
    counts: dict[str, Counter[str]] = {}
    for part in plan.parts:
        counts.setdefault(part.model, Counter())[part_state(part, stored, failures)] += 1
    return [
        PartCounts(
            model=model,
            planned=states.total(),
            done=states["done"],
            partial=states["partial"],
            failed=states["failed"],
        )
        for model, states in counts.items()
    ]


def part_state(part: Part, stored: Container[str], failures: Container[str]) -> str:
    """Return `done`, `partial`, `failed` or `to do`. stored: names of `iou` files. failures: names of failed chunks."""
    if part.name in stored:
        return "done"
    if f"{part.name}{PARTIAL}" in stored:
        return "partial"
    return "failed" if part.chunk in failures else "to do"


def failed_chunks(results: Results, plan: Plan) -> frozenset[str]:
    """Return the names of the chunks that failed twice and still have a part that is not stored."""
    stored = results.names("iou")
    return frozenset(results.failures()) & {part.chunk for part in plan.parts if part.name not in stored}
