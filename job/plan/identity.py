"""What determines the rows of a model, and so the names of its parts. Its name in the spec is no part of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from job.errors import Fault, SpecError
from job.models.registry import version_of
from job.plan.blocks import ModelBlock
from job.plan.file import PlannedModel, fingerprint
from job.study import LoadedSpec
from job.study.model import WITHOUT_EFFECT_ON_ROWS, ModelSpec
from job.study.yaml_source import Path

REMEDY = "remove one, or give each prompts of its own (models: […])"


def identity(model: ModelSpec, planned: PlannedModel) -> dict[str, Any]:
    """Return what determines the rows of a model: its options, its family's version, its checkpoint's content."""
    options = model.model_dump(mode="json", exclude={"name", "checkpoint", "sha256", *WITHOUT_EFFECT_ON_ROWS})
    return {"model": options, "family": version_of(model), "weights": planned.sha256}


def check_distinct(spec: LoadedSpec, blocks: Iterable[ModelBlock], planned: Mapping[str, PlannedModel]) -> None:
    """Raise SpecError if two models would make the same part: equal weights and options, with equal prompts.

    Equal models with different prompts make different parts.
    """
    places: dict[str, Path] = {model.name: ("models", index) for index, model in enumerate(spec.study.models)}
    identities = {model.name: identity(model, planned[model.name]) for model in spec.study.models}
    first: dict[str, str] = {}
    faults: dict[str, Fault] = {}
    for block in blocks:
        other = first.setdefault(fingerprint([identities[block.model], asdict(block.block)]), block.model)
        if other != block.model and block.model not in faults:
            names = [spec.source.as_written((*places[name], "name"), name) for name in (other, block.model)]
            expected = (
                f"expected another model than models[{places[other][1]}]: {' and '.join(names)} have the same weights "
                f"and options, so their results for prompts[{block.index}] would be the same"
            )
            faults[block.model] = spec.source.fault(places[block.model], expected, hint=REMEDY)
    if faults:
        raise SpecError(faults.values())
