"""What is known of a model's weights beside the weights: their data, licence and source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from job.study.dataset import Dataset
from job.study.model import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts about weights; None or empty for what is not known.

    trained_on: names of data sets. zero_shot: whether they were trained without any of the study's data.
    """

    trained_on: tuple[str, ...] = ()
    licence: str | None = None
    citation: str | None = None
    zero_shot: bool | None = None


def stated(spec: ModelSpec, known: Facts) -> Facts:
    """Return the facts of a model: those of its spec, and what is known of its weights where the spec is silent."""
    of_spec = {field.name: getattr(spec, field.name) for field in fields(Facts)}
    facts = {name: value or getattr(known, name) for name, value in of_spec.items() if name != "zero_shot"}
    zero_shot = known.zero_shot if spec.zero_shot is None else None if spec.zero_shot == "unknown" else spec.zero_shot
    return Facts(**facts, zero_shot=zero_shot)


def seen(facts: Facts, datasets: Iterable[Dataset]) -> Iterator[str]:
    """Yield the names of the data sets that a model was trained on, by their own or their published name."""
    names = {name.casefold() for name in facts.trained_on}
    for dataset in datasets:
        if {dataset.name.casefold(), (dataset.published_as or dataset.name).casefold()} & names:
            yield dataset.name
