"""One worker from spec to Parquet: plan, read, encode, evaluate, write."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from job import datasets, evaluate, storage
from job.datasets.sample import Excluded, Sample
from job.errors import StorageError
from job.models import device, registry
from job.models.protocol import PromptableModel
from job.plan import file as plan_file
from job.plan.asks import Ask, asks
from job.plan.file import Chunk, Part, Plan
from job.plan.make import local_checkpoint, make
from job.progress import Progress
from job.results.store import Results
from job.results.tables import excluded_table, objects_table, outcome_tables
from job.spec import LoadedSpec
from job.storage import InputCache

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class Account:
    """What one worker did: counts, and seconds by stage."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a stage."""
        began = time.monotonic()
        yield
        self.seconds[name] += time.monotonic() - began  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Work:
    """A chunk that was read. `full`: whether storage gave all of it."""

    chunk: Chunk
    samples: Sequence[Sample]
    left_out: Sequence[Excluded]
    full: bool


def settle_plan(spec: LoadedSpec, results: Results, cache: InputCache, limit: int | None) -> Plan:
    """Make the plan from the inputs as they are now, and store it if it is new or they changed."""
    plan = make(spec, cache, limit)
    stored = plan_file.read(results.output, plan.spec)
    if stored != plan:
        if stored is not None:
            structlog.get_logger().info("inputs changed since the last plan")
        plan_file.write(results.output, plan)
    return plan


def predict(spec: LoadedSpec, plan: Plan, results: Results, cache: InputCache, *, terminal: bool) -> Account:
    """Run every part of the plan that is not done."""
    account = Account()
    todo = left(plan, results)
    account.counts.update(parts=sum(len(parts) for parts in todo.values()), parts_before=len(plan.parts))
    account.counts["parts_before"] -= account.counts["parts"]
    if not todo:
        return account
    chunks = [chunk for chunk in plan.chunks if chunk.name in todo]
    with account.stage("load models"):
        models = _models(spec, plan, cache, {part.model for parts in todo.values() for part in parts})
    worker = _Worker(spec=spec, plan=plan, results=results, models=models, account=account)
    cores = os.cpu_count() or 1
    bar = Progress(sum(chunk.raw for chunk in chunks), terminal=terminal)
    with bar, ThreadPoolExecutor(cores) as pool, ThreadPoolExecutor(1) as reader:
        for work in _ahead(reader, lambda chunk: read_chunk(spec, chunk, cache), chunks):
            worker.do(work, todo[work.chunk.name], pool)
            bar.advance(work.chunk.raw)
    return account


def left(plan: Plan, results: Results) -> dict[str, list[Part]]:
    """Give the parts that are not done, by chunk."""
    done = results.done()
    todo: dict[str, list[Part]] = {}
    for part in plan.parts:
        if part.name not in done:
            todo.setdefault(part.chunk, []).append(part)
    return todo


def read_chunk(spec: LoadedSpec, chunk: Chunk, cache: InputCache) -> Work:
    """Read a chunk's samples; a file that storage does not give now is left out, and the chunk is not full."""
    dataset = next(dataset for dataset in spec.study.datasets if dataset.name == chunk.dataset)
    samples: list[Sample] = []
    left_out: list[Excluded] = []
    full = True
    for unit in chunk.units:
        try:
            for item in datasets.load(dataset, unit.source, unit.slices, cache, spec.study.execution.max_image_px):
                (samples if isinstance(item, Sample) else left_out).append(item)  # type: ignore[arg-type]
        except StorageError as error:
            full = False
            left_out.append(_storage_line(dataset.name, unit.source.image, error))
    return Work(chunk=chunk, samples=samples, left_out=left_out, full=full)


@dataclass(frozen=True, kw_only=True)
class _Worker:
    spec: LoadedSpec
    plan: Plan
    results: Results
    models: Mapping[str, PromptableModel]
    account: Account

    def do(self, work: Work, parts: Sequence[Part], pool: Executor) -> None:
        """Evaluate the parts of one chunk; each model encodes its images once."""
        with self.account.stage("write"):
            objects, ledger = objects_table(work.samples), excluded_table(work.left_out)
            self.results.write_chunk(work.chunk.name, objects, ledger, full=work.full)
        self.account.counts.update(images=len(work.samples), objects=objects.num_rows)
        self.account.counts.update(Counter(line.kind for line in work.left_out))
        for name in dict.fromkeys(part.model for part in parts):
            with self.account.stage("encode"):
                views = evaluate.encode(self.models[name], work.samples)
            for part in parts:
                if part.model == name:
                    self._part(part, views, work.full, pool)

    def _part(self, part: Part, views: Sequence[evaluate.View], full: bool, pool: Executor) -> None:
        seed = self.spec.study.seed
        conditions = evaluate.Conditions(seed=seed, batch=self.plan.batch)
        began = time.monotonic()
        with self.account.stage("evaluate"):
            outcomes = list(evaluate.evaluate(self.models[part.model], views, self._ask(part), conditions, pool))
        made = {
            "chunk": part.chunk,
            "model": part.model,
            "weights": self.plan.weights[part.model],
            "precision": self.plan.precision,
            "batch": self.plan.batch,
            "seconds": round(time.monotonic() - began, 3),
            **device.describe(device.resolve_device(self.spec.study.execution.device)),
        }
        with self.account.stage("write"):
            tables = outcome_tables(
                outcomes, model=part.model, precision=self.plan.precision, seed=seed, part=part.name
            )
            self.results.write_part(part.name, *tables, made, full=full)
        self.account.counts["rows"] += len(outcomes)

    def _ask(self, part: Part) -> Ask:
        return next(one.ask for one in asks(self.spec) if (one.model, one.block) == (part.model, part.block))


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


def _storage_line(dataset: str, image: str, error: StorageError) -> Excluded:
    detail = storage.public(str(error))
    return Excluded(
        dataset=dataset, image=image, axis="none", slice=0, task=None, kind="error", reason="storage", detail=detail
    )
