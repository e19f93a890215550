"""One worker, from plan to Parquet: load the models, then read, evaluate and store every chunk that is not done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import chain

from structlog.contextvars import bound_contextvars

from job.models import compiler, processors
from job.models import device as devices
from job.models.device_faults import machine_faults
from job.models.trial import try_out
from job.models.utilisation import utilisation
from job.plan.blocks import prompt_blocks
from job.plan.file import Chunk, Plan
from job.plan.shard import Shard
from job.results.begun import Marks
from job.results.store import Results
from job.storage import InputCache
from job.study import LoadedSpec
from job.worker.chunk import Worker
from job.worker.embeddings import embeddings_of
from job.worker.evaluation import Evaluation
from job.worker.failure import record_failure
from job.worker.first_chunks import FirstChunks
from job.worker.fit import Fit
from job.worker.load import load_models, log_device
from job.worker.order import ENDED, in_order
from job.worker.progress import ProgressBar
from job.worker.read_ahead import ReadAhead, one_by_one, threads
from job.worker.read_chunk import ChunkContent, read_chunk
from job.worker.sampler import sampled
from job.worker.shutdown import Stop
from job.worker.side_by_side import Readers
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
    order = in_order(chunks, Marks(results))
    for chunk in order.given_up:
        tally.counts["chunks_failed"] += 1
        record_failure(results, chunk, {"process": ENDED})
    inputs = replace(cache, keys=plan.content_keys())
    device = devices.resolve_device(spec.study.execution.device)
    count = processors.usable()
    devices.configure(device, count)
    with tally.stage("load models"), machine_faults(device, "load the models"):
        needed = {part.model for chunk in order.to_run for part in left.get(chunk.name, ())}
        models = load_models(spec, plan, inputs, device, needed)
        try_out(devices.Device.of(device, plan.precision))
    log_device(spec.study.execution.device, device, plan.precision)
    failed_before = results.failures()
    with (
        order.marked() as marks,
        ProgressBar(sum(chunk.raw for chunk in order.to_run), terminal=terminal) as bar,
        threads(count) as pool,
        threads(count) as decoders,
        threads(1) as reader,
        threads(1) as writer,
        sampled(partial(utilisation, device), tally.utilisation),
        embeddings_of(spec, plan, models, device, tally.embeddings, 1 if shard is None else shard.count) as embeddings,
    ):
        read = partial(_read, spec, inputs, marks, Readers(pool=decoders, count=count), tally)
        ahead = ReadAhead(reader, read, lambda content: content.short_of_memory)
        evaluation = Evaluation(
            models=models,
            blocks={(block.model, block.index): block for block in prompt_blocks(spec)},
            device=device,
            batch=plan.batch,
            fit=Fit(models=models, device=device, threads=count, give_up=ahead.give_up),
            tally=tally,
            bar=bar,
            pool=pool,
            embeddings=embeddings,
        )
        worker = Worker(
            plan=plan,
            results=results,
            evaluation=evaluation,
            tally=tally,
            fail_fast=fail_fast,
            first=FirstChunks.of(share, order.to_run, failed_before),
            compiled=compiler.resolve(spec.study.execution.compile, device),
            writer=writer,
            ended=marks.end,
        )
        for chunk, content in chain(ahead.items(order.first), one_by_one(read, order.last)):
            if chunk.name in failed_before:
                results.clear_failure(chunk.name)
            with stop.chunk(bar.seconds_left), bound_contextvars(chunk=chunk.name), bar.chunk(chunk.raw):
                worker.run_chunk(chunk, left.get(chunk.name, ()), _waiting(tally, content))
    devices.free_memory(device)  # for what follows in this process, such as the statistics


def _read(
    spec: LoadedSpec, inputs: InputCache, marks: Marks, readers: Readers, tally: Tally, chunk: Chunk
) -> ChunkContent:
    """Mark a chunk as begun, and read it."""
    marks.begin(chunk.name)
    return read_chunk(spec, inputs, chunk, readers=readers, tally=tally)


def _waiting(tally: Tally, read: Callable[[], ChunkContent]) -> Callable[[], ChunkContent]:
    """Return a function that reads content, with the time until it is there as a stage of its own."""

    def read_and_wait() -> ChunkContent:
        with tally.stage("wait for images"):
            content = read()
        return replace(content, more=content.more and _waiting(tally, content.more))

    return read_and_wait
