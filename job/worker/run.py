"""One worker, from plan to Parquet: load the models, then read, evaluate and store every chunk that is not done."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial

from structlog.contextvars import bound_contextvars

from job.models import device as devices
from job.models.device_faults import machine_faults
from job.models.trial import try_out
from job.plan.blocks import prompt_blocks
from job.plan.file import Plan
from job.plan.shard import Shard
from job.results.store import Results
from job.storage import InputCache
from job.study import LoadedSpec
from job.worker.chunk import Worker
from job.worker.first_chunks import FirstChunks
from job.worker.load import load_models, log_device
from job.worker.progress import ProgressBar
from job.worker.read_ahead import read_ahead, threads
from job.worker.read_chunk import read_chunk
from job.worker.shutdown import Stop
from job.worker.tally import Tally


def run(
    spec: LoadedSpec,
    plan: Plan,
    results: Results,
    cache: InputCache,
    tally: Tally,
    shard: Shard | None,
    stop: Stop,
    *,
    fail_fast: bool,
    terminal: bool,
) -> None:
    """Run every part of the plan, or of this shard's chunks, that is not stored yet.

    Raise MachineError if the device fails before any work, and as `FirstChunks` if all of the first chunks fail.
    """
    parts_by_chunk, left, read_before = plan.parts_by_chunk, plan.left(results.done()), results.read()
    share = plan.chunks if shard is None else shard.share(plan.chunks)
    chunks = [chunk for chunk in share if chunk.name in left or chunk.name not in read_before]
    parts = [part for chunk in chunks for part in left.get(chunk.name, ())]
    tally.counts["chunks"], tally.counts["parts"] = len(chunks), len(parts)
    tally.counts["parts_before"] = sum(len(parts_by_chunk[chunk.name]) for chunk in share) - len(parts)
    if not chunks:
        return
    inputs = replace(cache, keys=plan.content_keys())
    device = devices.resolve_device(spec.study.execution.device)
    devices.configure(device)
    with tally.stage("load models"), machine_faults(device, "load the models"):
        models = load_models(spec, plan, inputs, device, {part.model for part in parts})
        try_out(devices.Device.of(device, plan.precision))
    log_device(spec.study.execution.device, device, plan.precision)
    failed_before = results.failures()
    with (
        ProgressBar(sum(chunk.raw for chunk in chunks), terminal=terminal) as bar,
        threads(os.cpu_count() or 1) as pool,
        threads(1) as reader,
    ):
        worker = Worker(
            plan=plan,
            results=results,
            models=models,
            blocks={(block.model, block.index): block for block in prompt_blocks(spec)},
            device=device,
            tally=tally,
            bar=bar,
            pool=pool,
            fail_fast=fail_fast,
            first=FirstChunks.of(share, chunks, failed_before),
        )
        for chunk, read in read_ahead(reader, partial(read_chunk, spec, inputs), chunks):
            if chunk.name in failed_before:
                results.clear_failure(chunk.name)
            with stop.chunk(bar.seconds_left), bound_contextvars(chunk=chunk.name), bar.chunk(chunk.raw):
                worker.run_chunk(chunk, left.get(chunk.name, ()), read)
