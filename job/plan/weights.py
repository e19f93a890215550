"""The weights of a study's models: where they are, and their hashes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from job import storage
from job.errors import Fault, MachineError, SpecError, StorageError
from job.models.demo_weights import purpose_of
from job.models.known_facts import known_facts
from job.models.registry import family_of, lacking
from job.plan.file import PlannedModel
from job.storage import FileInfo, InputCache
from job.study import LoadedSpec
from job.study.model import ModelSpec
from job.study.official import official


def hash_models(spec: LoadedSpec, cache: InputCache) -> dict[str, PlannedModel]:
    """Fetch and hash every checkpoint; raise SpecError for those that are missing or have another hash than stated.

    Also for models that cannot be built here for want of a package.
    """
    planned: dict[str, PlannedModel] = {}
    faults: list[Fault] = []
    for index, model in enumerate(spec.study.models):
        place = ("models", index, "checkpoint")
        reason = lacking(model)
        if reason:
            faults.append(spec.source.fault(("models", index, "family"), reason))
        try:
            sha256 = checkpoint_sha256(local_checkpoint(model, cache), model)
        except MachineError:
            raise
        except StorageError as error:
            faults.append(spec.source.fault(place, f"no checkpoint: {error}"))
            continue
        if model.sha256 and sha256 and sha256 != model.sha256.lower():
            expected = f"expected the sha256 of {storage.public(model.checkpoint or '')}, {sha256}"
            faults.append(spec.source.fault(("models", index, "sha256"), expected, model.sha256))
        purpose = sha256 and purpose_of(sha256)
        planned[model.name] = PlannedModel(sha256=sha256, purpose=purpose, known=known_facts(sha256))
    if faults:
        raise SpecError(faults)
    return planned


def local_checkpoint(model: ModelSpec, cache: InputCache) -> Path | None:
    """Return a local copy of a model's checkpoint, a file or a folder; None for a model without one."""
    if model.checkpoint is None:
        return None
    info = storage.info(model.checkpoint)
    if info is not None:
        return cache.local(info)
    files = _files_of_folder(model.checkpoint, model)
    if files:
        return storage.linked_folder(files, cache)
    known = official(model.checkpoint)
    way_out = f"; {known.model} is to be had at {known}" if known else ""
    raise StorageError(f"{storage.public(model.checkpoint)}: nothing is there{way_out}")


def checkpoint_sha256(path: Path | None, model: ModelSpec) -> str | None:
    """Return what identifies the content of a checkpoint: its sha256, of a folder that of its files' names and sha256.

    Of a folder, only the files that the model's family reads count.
    """
    if path is None:
        return None
    if path.is_file():
        return storage.remembered_sha256(path)
    files = _files_of_folder(str(path), model)
    hashes = {Path(file.address).name: storage.remembered_sha256(Path(file.address)) for file in files}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _files_of_folder(folder: str, model: ModelSpec) -> list[FileInfo]:
    """Return the files of a folder that the model's family reads; none if the family takes no folders."""
    found = {
        file.address: file
        for pattern in family_of(model).files_of_folder
        for file in storage.list_files(folder, pattern)
    }
    return [found[address] for address in sorted(found)]
