"""Makes a plan: lists inputs, hashes what is cheap to hash, names every part by what determines its content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from job import storage
from job.datasets import Source, discover
from job.datasets.pattern import Pattern
from job.errors import Fault, SpecError, StorageError
from job.models.device import planned_precision
from job.plan.asks import Asked, asks
from job.plan.chunks import chunks
from job.plan.file import Chunk, Part, Plan, fingerprint, spec_name
from job.results.tables import SCHEMA_VERSION
from job.spec import LoadedSpec
from job.spec.model import Model
from job.spec.study import Study
from job.storage import InputCache

AUTO_BATCH = 32


def make(spec: LoadedSpec, cache: InputCache, limit: int | None = None) -> Plan:
    """Plan a study; raise SpecError for what is not supported, matches nothing, or cannot be fetched."""
    study = spec.study
    asked = asks(spec)
    execution = study.execution
    precision = planned_precision(execution.precision)
    batch = AUTO_BATCH if execution.batch == "auto" else execution.batch
    weights = hash_weights(spec, cache)
    planned = [chunk for index in range(len(study.datasets)) for chunk in _dataset_chunks(spec, index, cache, limit)]
    models = {model.name: model for model in study.models}
    parts = [
        _part(chunk, one, models[one.model], weights[one.model], study, precision, batch, limit)
        for chunk in planned
        for one in asked
    ]
    return Plan(
        spec=spec_name(study, limit),
        precision=precision,
        batch=batch,
        limit=limit,
        weights=weights,
        chunks=tuple(planned),
        parts=tuple({part.name: part for part in parts}.values()),
    )


def hash_weights(spec: LoadedSpec, cache: InputCache) -> dict[str, str]:
    """Fetch every checkpoint and give its sha256 by model; raise SpecError for all that cannot be had or differ."""
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for index, model in enumerate(spec.study.models):
        place = ("models", index, "checkpoint")
        try:
            found[model.name] = storage.sha256(cache.local(_checkpoint(model)))
        except StorageError as error:
            faults.append(spec.source.fault(place, f"no checkpoint: {error}"))
            continue
        if model.sha256 and found[model.name] != model.sha256.lower():
            expected = f"another hash than that of {storage.public(model.checkpoint)}, {found[model.name]}"
            faults.append(spec.source.fault(("models", index, "sha256"), expected, model.sha256))
    if faults:
        raise SpecError(faults)
    return found


def local_checkpoint(model: Model, cache: InputCache) -> Path:
    """Give a local copy of a model's checkpoint."""
    return cache.local(_checkpoint(model))


def _checkpoint(model: Model) -> storage.FileInfo:
    info = storage.info(model.checkpoint)
    if info is None:
        raise StorageError(f"{storage.public(model.checkpoint)}: nothing is there")
    return info


def find_sources(spec: LoadedSpec, index: int) -> Sequence[Source]:
    """List the sources of a data set; raise SpecError, with the place of its pattern, if there are none."""
    dataset = spec.study.datasets[index]
    place = ("datasets", index, "images")
    try:
        sources = discover(dataset)
        if not sources:
            pattern = dataset.images or ""
            reason = storage.why_nothing_matches(Pattern(pattern).root)
            raise SpecError([spec.source.fault(place, reason, storage.public(pattern))])
    except StorageError as error:
        raise SpecError([spec.source.fault(place, str(error))]) from None
    return sources


def _dataset_chunks(spec: LoadedSpec, index: int, cache: InputCache, limit: int | None) -> Sequence[Chunk]:
    execution = spec.study.execution
    dataset = spec.study.datasets[index]
    return chunks(dataset, find_sources(spec, index), execution.chunk, cache, limit, execution.max_image_px)


def _part(
    chunk: Chunk,
    asked: Asked,
    model: Model,
    weights: str,
    study: Study,
    precision: str,
    batch: int,
    limit: int | None,
) -> Part:
    """Name a part by all that determines its rows."""
    identity: Mapping[str, object] = {
        "schema": SCHEMA_VERSION,
        "chunk": chunk.name,
        "model": model.model_dump(mode="json", exclude={"checkpoint", "sha256", "published"}),
        "weights": weights,
        "ask": asdict(asked.ask),
        "seed": study.seed,
        "precision": precision,
        "batch": batch,
        "limit": limit,
    }
    ask = asked.ask
    return Part(
        name=fingerprint(identity),
        chunk=chunk.name,
        model=asked.model,
        block=asked.block,
        episodes=len(ask.prompts) * len(ask.mask_choices),
    )
