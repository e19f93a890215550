"""One worker from spec to Parquet: settle the plan, load the models, do what is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from job import storage
from job.errors import WeightsError
from job.models import device, registry
from job.models.protocol import PromptableModel
from job.plan import file as plan_file
from job.plan.asks import asks
from job.plan.file import Chunk, Part, Plan
from job.plan.make import local_checkpoint, make
from job.progress import Progress
from job.results.store import Results
from job.shard import Shard
from job.spec import LoadedSpec
from job.spec.model import Model
from job.stopping import Stop
from job.storage import InputCache
from job.work import Account, Work, Worker, read_chunk

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


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one worker works on, and how it stops."""

    spec: LoadedSpec
    plan: Plan
    results: Results
    cache: InputCache
    account: Account
    stop: Stop
    fail_fast: bool

    def predict(self, shard: Shard | None, *, terminal: bool) -> None:
        """Run every part of the plan, or of this shard's chunks, that is not done."""
        todo = left(self.plan, self.results)
        mine = self.plan.chunks if shard is None else shard.share(self.plan.chunks)
        chunks = [chunk for chunk in mine if chunk.name in todo]
        parts = [part for chunk in chunks for part in todo[chunk.name]]
        names = {chunk.name for chunk in mine}
        self.account.counts["parts"] = len(parts)
        self.account.counts["parts_before"] = sum(part.chunk in names for part in self.plan.parts) - len(parts)
        if not parts:
            return
        with self.account.stage("load models"):
            models = self._models({part.model for part in parts})
        _say_device(self.spec.study.execution.device, self.plan.precision)
        failed_before = self.results.failures()
        with (
            Progress(sum(chunk.raw for chunk in chunks), terminal=terminal) as bar,
            _threads(os.cpu_count() or 1) as pool,
            _threads(1) as reader,
        ):
            worker = self._worker(models, bar)
            for chunk, read in _ahead(reader, self._read, chunks):
                if chunk.name in failed_before:
                    self.results.clear_failure(chunk.name)
                with self.stop.chunk(bar.seconds_left), bound_contextvars(chunk=chunk.name), bar.chunk(chunk.raw):
                    worker.do(chunk, todo[chunk.name], read, pool)

    def _worker(self, models: Mapping[str, PromptableModel], bar: Progress) -> Worker:
        asked = {(one.model, one.block): one.ask for one in asks(self.spec)}
        return Worker(
            spec=self.spec,
            plan=self.plan,
            results=self.results,
            models=models,
            account=self.account,
            bar=bar,
            asks=asked,
            fail_fast=self.fail_fast,
            free_memory=partial(device.free_memory, device.resolve_device(self.spec.study.execution.device)),
        )

    def _read(self, chunk: Chunk) -> Work:
        with bound_contextvars(chunk=chunk.name):
            return read_chunk(self.spec, chunk, self.cache)

    def _checkpoint(self, model: Model) -> Path:
        """Give a model's checkpoint, if it is still the one that was planned."""
        path = local_checkpoint(model, self.cache)
        if storage.sha256(path) != self.plan.weights[model.name]:
            raise WeightsError(f"{path}: changed since it was planned; plan anew by `medsam-job plan SPEC --store`")
        return path

    def _models(self, names: set[str]) -> dict[str, PromptableModel]:
        """Load the models that have work, before any of it, so that a fault of weights is said at the start."""
        where = device.resolve_device(self.spec.study.execution.device)
        return {
            model.name: registry.build(model, self._checkpoint(model), where, self.plan.precision)
            for model in self.spec.study.models
            if model.name in names
        }


def left(plan: Plan, results: Results) -> dict[str, list[Part]]:
    """Give the parts that are not done, by chunk."""
    done = results.done()
    todo: dict[str, list[Part]] = {}
    for part in plan.parts:
        if part.name not in done:
            todo.setdefault(part.chunk, []).append(part)
    return todo


def _say_device(asked: str, precision: str) -> None:
    """Say where the work is done; with a warning where a GPU may have been expected."""
    told = device.describe(device.resolve_device(asked))
    log = structlog.get_logger().bind(device_name=told["device_name"], precision=precision, torch=told["torch"])
    if asked == "auto" and told["device"] == "cpu":
        log.warning("no GPU is seen: running on the CPU")
    else:
        log.info(f"running on {told['device']}")


def _ahead(
    reader: Executor, read: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Callable[[], Result]]]:
    """Give each item with a way to read it. One is read ahead of the work, and no more, so that memory stays bounded.

    The first call gives what was read ahead, or raises what that raised; a later call reads again.
    """
    coming: list[tuple[Item, Callable[[], Result]]] = []
    for item in items:
        ahead = reader.submit(read, item)
        coming.append((item, partial(_first_ahead, [ahead], read, item)))
        if len(coming) > 1:
            yield coming.pop(0)
    yield from coming


def _first_ahead(ahead: list[Future[Result]], read: Callable[[Item], Result], item: Item) -> Result:
    return ahead.pop().result() if ahead else read(item)


class _Threads(ThreadPoolExecutor):
    """Threads whose lines of the log say what those of whoever gave the work say: study, shard, chunk."""

    def submit(self, call: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        return super().submit(copy_context().run, call, *args, **kwargs)


@contextmanager
def _threads(count: int) -> Iterator[Executor]:
    """Have threads that no one waits for when the run stops early."""
    pool = _Threads(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
