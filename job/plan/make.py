"""Make a plan: list and hash the inputs, hash the weights, name every part after what determines its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import structlog

from job import SCHEMA_VERSION, storage
from job.datasets.discover import Survey, survey
from job.datasets.inventory import inventory
from job.datasets.pattern import Pattern
from job.errors import DataError, MachineError, PairingError, SpecError, StorageError
from job.models.precision import planned_precision
from job.plan.blocks import ModelBlock, prompt_blocks
from job.plan.chunks import chunks
from job.plan.file import Chunk, Part, Plan, fingerprint, spec_name
from job.plan.identity import check_distinct, identity
from job.plan.precision import resolved
from job.plan.weights import hash_models
from job.storage import InputCache
from job.study import LoadedSpec

AUTO_BATCH = 32
"""Requests in one call of a model, for `batch: auto`."""


def make(spec: LoadedSpec, cache: InputCache, limit: int | None = None) -> Plan:
    """Plan a study.

    Raise SpecError for unsupported prompts, patterns without a match, missing checkpoints and models that are equal.
    """
    spec = resolved(spec, cache)
    study = spec.study
    blocks = prompt_blocks(spec)
    execution = study.execution
    precision = planned_precision(execution.precision)
    batch = AUTO_BATCH if execution.batch == "auto" else execution.batch
    planned = hash_models(spec, cache)
    check_distinct(spec, blocks, planned)
    all_chunks = [chunk for index in range(len(study.datasets)) for chunk in _chunks(spec, index, cache, limit)]
    conditions = {
        "schema": SCHEMA_VERSION,
        "precision": precision,
        "compile": execution.compile,
        "batch": batch,
        "limit": limit,
    }
    identities = {model.name: conditions | identity(model, planned[model.name]) for model in study.models}
    parts = [
        _part(chunk, block, seed, identities[block.model])
        for chunk in all_chunks
        for block in blocks
        for seed in study.all_seeds
    ]
    return Plan(
        spec=spec_name(study, limit),
        precision=precision,
        batch=batch,
        limit=limit,
        models=planned,
        chunks=tuple(all_chunks),
        parts=tuple(parts),
    )


def find_survey(spec: LoadedSpec, index: int) -> Survey:
    """List a data set; raise SpecError, at its pattern in the spec, if it has no sources."""
    dataset = spec.study.datasets[index]
    place = ("datasets", index, "images")
    try:
        found = survey(dataset)
        if not found.sources:
            pattern = dataset.images or ""
            matched = found.masks_as_images or found.unlisted or found.deselected or found.unlabelled
            reason = "no image is left" if matched else storage.why_nothing_matches(Pattern(pattern).root)
            if matched or found.other_endings:
                reason = "; ".join((reason, *inventory(dataset, found).remarks))
            raise SpecError([spec.source.fault(place, reason, storage.public(pattern))])
    except MachineError:
        raise
    except StorageError as error:
        raise SpecError([spec.source.fault(place, str(error))]) from None
    except DataError as error:  # an archive that the pattern names
        raise SpecError([spec.source.fault(place, error.detail, storage.public(dataset.images or ""))]) from None
    except PairingError as error:
        raise SpecError([spec.source.fault(("datasets", index, *error.key), str(error))]) from None
    return found


def _chunks(spec: LoadedSpec, index: int, cache: InputCache, limit: int | None) -> Sequence[Chunk]:
    execution = spec.study.execution
    dataset, survey_ = spec.study.datasets[index], find_survey(spec, index)
    structlog.get_logger().info("listed", data_set=str(inventory(dataset, survey_)))
    return chunks(dataset, survey_.sources, execution.chunk, cache, limit, execution.max_image_px)


def _part(chunk: Chunk, block: ModelBlock, seed: int, identity: Mapping[str, Any]) -> Part:
    """Return a part, named by all that determines its rows. identity: what chunk, block and seed do not say of it."""
    return Part(
        name=fingerprint({**identity, "chunk": chunk.name, "prompts": asdict(block.block), "seed": seed}),
        chunk=chunk.name,
        model=block.model,
        block=block.index,
        seed=seed,
        episodes=block.block.episodes,
    )
