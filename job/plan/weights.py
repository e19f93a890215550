"""The weights of a study's models: where they are, and their hashes."""

from __future__ import annotations

from pathlib import Path

from job import storage
from job.errors import Fault, MachineError, SpecError, StorageError
from job.models.demo_weights import purpose_of
from job.plan.file import PlannedModel
from job.storage import InputCache
from job.study import LoadedSpec
from job.study.model import Model
from job.study.official import official


def hash_models(spec: LoadedSpec, cache: InputCache) -> dict[str, PlannedModel]:
    """Fetch and hash every checkpoint; raise SpecError for those that are missing or have another hash than stated."""
    planned: dict[str, PlannedModel] = {}
    faults: list[Fault] = []
    for index, model in enumerate(spec.study.models):
        place = ("models", index, "checkpoint")
        try:
            sha256 = storage.sha256(local_checkpoint(model, cache))
        except MachineError:
            raise
        except StorageError as error:
            faults.append(spec.source.fault(place, f"no checkpoint: {error}"))
            continue
        if model.sha256 and sha256 != model.sha256.lower():
            expected = f"expected the sha256 of {storage.public(model.checkpoint)}, {sha256}"
            faults.append(spec.source.fault(("models", index, "sha256"), expected, model.sha256))
        planned[model.name] = PlannedModel(sha256=sha256, purpose=purpose_of(sha256))
    if faults:
        raise SpecError(faults)
    return planned


def local_checkpoint(model: Model, cache: InputCache) -> Path:
    """Return a local copy of a model's checkpoint."""
    info = storage.info(model.checkpoint)
    if info is None:
        known = official(model.checkpoint)
        way_out = f"; {known.model} is to be had at {known}" if known else ""
        raise StorageError(f"{storage.public(model.checkpoint)}: nothing is there{way_out}")
    return cache.local(info)
