"""One worker, from plan to Parquet: load the models, then read, evaluate and store every chunk that is not done."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog
from structlog.contextvars import bound_contextvars

from job import storage
from job.errors import WeightsError
from job.models import device as devices
from job.models import registry
from job.models.protocol import PromptableModel
from job.plan.blocks import prompt_blocks
from job.plan.file import Chunk, Plan
from job.plan.make import local_checkpoint
from job.results.store import Results
from job.storage import InputCache
from job.study import LoadedSpec
from job.study.study import Execution
from job.worker.account import Account
from job.worker.chunk import ChunkContent, Worker, read_chunk
from job.worker.progress import ProgressBar
from job.worker.read_ahead import read_ahead, threads
from job.worker.shard import Shard
from job.worker.shutdown import Stop


def run(
    spec: LoadedSpec,
    plan: Plan,
    results: Results,
    cache: InputCache,
    account: Account,
    shard: Shard | None,
    stop: Stop,
    *,
    fail_fast: bool,
    terminal: bool,
) -> None:
    """Run every part of the plan, or of this shard's chunks, that is not stored yet."""
    left = plan.left(results.done())
    mine = plan.chunks if shard is None else shard.share(plan.chunks)
    chunks = [chunk for chunk in mine if chunk.name in left]
    parts = [part for chunk in chunks for part in left[chunk.name]]
    account.counts["parts"] = len(parts)
    account.counts["parts_before"] = sum(len(plan.parts_by_chunk[chunk.name]) for chunk in mine) - len(parts)
    if not parts:
        return
    cache = replace(cache, keys=plan.content_keys())
    device = devices.resolve_device(spec.study.execution.device)
    devices.configure(device)
    with account.stage("load models"):
        models = load_models(spec, plan, cache, device, {part.model for part in parts})
    _log_device(spec.study.execution.device, device, plan.precision)
    failed_before = results.failures()
    with ExitStack() as stack:
        bar = stack.enter_context(ProgressBar(sum(chunk.raw for chunk in chunks), terminal=terminal))
        pool = stack.enter_context(threads(os.cpu_count() or 1))
        reader = stack.enter_context(threads(1))
        worker = Worker(
            plan=plan,
            results=results,
            models=models,
            blocks={(block.model, block.index): block for block in prompt_blocks(spec)},
            device=device,
            account=account,
            bar=bar,
            pool=pool,
            fail_fast=fail_fast,
        )
        for chunk, read in read_ahead(reader, partial(_read, spec, cache), chunks):
            if chunk.name in failed_before:
                results.clear_failure(chunk.name)
            with stop.chunk(bar.seconds_left), bound_contextvars(chunk=chunk.name), bar.chunk(chunk.raw):
                worker.run_chunk(chunk, left[chunk.name], read)


def check_device(execution: Execution) -> None:
    """Raise JobError if this machine lacks the device of the spec, or the device its precision."""
    devices.resolve_precision(execution.precision, devices.resolve_device(execution.device))


def load_models(
    spec: LoadedSpec, plan: Plan, cache: InputCache, device: devices.TorchDevice, names: set[str]
) -> dict[str, PromptableModel]:
    """Build the models that have work, before any of it, so that faulty weights are reported at the start."""
    return {
        model.name: registry.build(model, _planned_checkpoint(model.name, spec, plan, cache), device, plan.precision)
        for model in spec.study.models
        if model.name in names
    }


def _planned_checkpoint(name: str, spec: LoadedSpec, plan: Plan, cache: InputCache) -> Path:
    """Return a model's checkpoint; WeightsError if it is no longer the one that was planned."""
    model = next(model for model in spec.study.models if model.name == name)
    path = local_checkpoint(model, cache)
    if storage.sha256(path) != plan.models[name].sha256:
        raise WeightsError(f"{path}: changed since it was planned; plan anew by `medsam-job plan SPEC --store`")
    return path


def _read(spec: LoadedSpec, cache: InputCache, chunk: Chunk) -> ChunkContent:
    with bound_contextvars(chunk=chunk.name):
        return read_chunk(spec, chunk, cache)


def _log_device(asked: str, device: devices.TorchDevice, precision: str) -> None:
    """Log where the work is done; a warning where a GPU may have been expected."""
    facts = devices.describe(device)
    log = structlog.get_logger().bind(device_name=facts["device_name"], precision=precision, torch=facts["torch"])
    if asked == "auto" and device.type == "cpu":
        log.warning("no GPU is seen: running on the CPU")
    else:
        log.info(f"running on {device.type}")
