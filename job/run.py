"""One worker from spec to Parquet: settle the plan, load the models, do what is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

import structlog

from job.models import device, registry
from job.models.protocol import PromptableModel
from job.plan import file as plan_file
from job.plan.asks import asks
from job.plan.file import Part, Plan
from job.plan.make import local_checkpoint, make
from job.progress import Progress
from job.results.store import Results
from job.shard import Shard
from job.spec import LoadedSpec
from job.storage import InputCache
from job.work import Account, Worker, read_chunk

Item = TypeVar("Item")
Result = TypeVar("Result")


def settle_plan(
    spec: LoadedSpec, results: Results, cache: InputCache, limit: int | None, shard: Shard | None = None
) -> Plan:
    """Give the plan that this run works on.

    A worker alone makes it from the inputs as they are now, and stores it if it is new or they changed. One of several
    shards takes the one that is stored, for all must work on the same; the first of them makes it.
    """
    stored = plan_file.read(results.output, plan_file.spec_name(spec.study, limit))
    if shard is not None and stored is not None:
        return stored
    plan = make(spec, cache, limit)
    if shard is not None:
        return plan if plan_file.create(results.output, plan) else settle_plan(spec, results, cache, limit, shard)
    if stored != plan:
        new = {part.name for part in plan.parts}.difference(part.name for part in stored.parts) if stored else ()
        if new:
            structlog.get_logger().info("inputs changed since the last plan", new_parts=len(new))
        plan_file.write(results.output, plan)
    return plan


def predict(
    spec: LoadedSpec, plan: Plan, results: Results, cache: InputCache, shard: Shard | None = None, *, terminal: bool
) -> Account:
    """Run every part of the plan, or of this shard's chunks, that is not done."""
    account = Account()
    todo = left(plan, results)
    mine = plan.chunks if shard is None else shard.share(plan.chunks)
    chunks = [chunk for chunk in mine if chunk.name in todo]
    todo = {chunk.name: todo[chunk.name] for chunk in chunks}
    names = {chunk.name for chunk in mine}
    account.counts["parts"] = sum(len(parts) for parts in todo.values())
    account.counts["parts_before"] = sum(part.chunk in names for part in plan.parts) - account.counts["parts"]
    if not todo:
        return account
    with account.stage("load models"):
        models = _models(spec, plan, cache, {part.model for parts in todo.values() for part in parts})
    bar = Progress(sum(chunk.raw for chunk in chunks), terminal=terminal)
    asked = {(one.model, one.block): one.ask for one in asks(spec)}
    worker = Worker(spec=spec, plan=plan, results=results, models=models, account=account, bar=bar, asks=asked)
    with bar, ThreadPoolExecutor(os.cpu_count() or 1) as pool, ThreadPoolExecutor(1) as reader:
        for work in _ahead(reader, lambda chunk: read_chunk(spec, chunk, cache), chunks):
            worker.do(work, todo[work.chunk.name], pool)
    return account


def left(plan: Plan, results: Results) -> dict[str, list[Part]]:
    """Give the parts that are not done, by chunk."""
    done = results.done()
    todo: dict[str, list[Part]] = {}
    for part in plan.parts:
        if part.name not in done:
            todo.setdefault(part.chunk, []).append(part)
    return todo


def _models(spec: LoadedSpec, plan: Plan, cache: InputCache, names: set[str]) -> dict[str, PromptableModel]:
    """Load the models that have work, before any of it, so that a fault of weights is said at the start."""
    where = device.resolve_device(spec.study.execution.device)
    return {
        model.name: registry.build(model, local_checkpoint(model, cache), where, plan.precision)
        for model in spec.study.models
        if model.name in names
    }


def _ahead(reader: Executor, read: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Read one item ahead of the work, and no more, so that memory stays bounded."""
    pending = None
    for item in items:
        coming = reader.submit(read, item)
        if pending is not None:
            yield pending.result()
        pending = coming
    if pending is not None:
        yield pending.result()
