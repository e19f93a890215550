"""Objects that are left out because a mode or protocol of a package gave for them what no model is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from job.datasets.sample import Excluded, Sample, TaskObject
from job.results.outcome import Outcome


@dataclass(frozen=True, kw_only=True, eq=False)
class Refused:
    """An object that has no rows under a prompt. prompt, protocol, mask_choice: as in its rows; None for all choices.

    reason, detail: as in the ledger.
    """

    sample: Sample
    object: TaskObject
    prompt: str
    protocol: str
    mask_choice: str | None
    reason: str
    detail: str

    def line(self, model: str) -> Excluded:
        """Return the line of the ledger that names a model that was to be asked."""
        return Excluded(
            dataset=self.sample.dataset,
            image=self.sample.image,
            axis=self.sample.axis,
            slice=self.sample.slice,
            task=self.object.task,
            kind="error",
            reason=self.reason,
            detail=f"model {model}: {self.detail}",
        )

    def covers(self, outcome: Outcome) -> bool:
        """Return whether a row is one that the object is not to have."""
        return (
            (outcome.sample, outcome.object, outcome.prompt, outcome.protocol)
            == (self.sample, self.object, self.prompt, self.protocol)
        ) and self.mask_choice in (None, outcome.mask_choice)


def without(outcomes: Sequence[Outcome], refused: Iterable[Refused]) -> Sequence[Outcome]:
    """Return the rows that no refusal covers: the clicks before a faulty one are no whole trajectory."""
    by_object: dict[TaskObject, list[Refused]] = {}
    for each in refused:
        by_object.setdefault(each.object, []).append(each)
    if not by_object:
        return outcomes
    return [
        outcome for outcome in outcomes if not any(each.covers(outcome) for each in by_object.get(outcome.object, ()))
    ]
