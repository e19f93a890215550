"""Checks of a model against the rest of the spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from job.errors import Fault
from job.study.yaml_source import YamlSource


def zero_shot_faults(
    source: YamlSource, models: Iterable[tuple[int, dict[str, Any]]], datasets: Iterable[tuple[int, dict[str, Any]]]
) -> Iterator[Fault]:
    """Yield the faults of models that are said to be zero-shot on data that they were trained on."""
    values = (dataset.get(key) for _, dataset in datasets for key in ("name", "published_as"))
    named = {value.casefold() for value in values if isinstance(value, str)}
    for index, model in models:
        trained_on = model.get("trained_on")
        names = trained_on if isinstance(trained_on, list) else ()
        contradicting = [name for name in names if isinstance(name, str) and name.casefold() in named]
        if model.get("zero_shot") is True and contradicting:
            expected = f"expected false: trained_on names {', '.join(contradicting)}, which is a data set of this study"
            yield source.fault(("models", index, "zero_shot"), expected, "true")
