"""One chunk of work: read, encode, evaluate, write."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from job import __version__, datasets, evaluate
from job.attempts import Attempts
from job.datasets.sample import Excluded, Sample
from job.errors import StorageError, StoreRefusedError
from job.models import device
from job.models.protocol import PromptableModel
from job.plan.asks import Ask
from job.plan.file import Chunk, Part, Plan
from job.progress import Progress
from job.results.outcome import Outcome
from job.results.store import Results
from job.results.tables import excluded_table, objects_table, outcome_tables
from job.spec import LoadedSpec
from job.storage import InputCache

ENCODED_AT_ONCE = 8  # images between two movements of the progress bar; a model batches within


@dataclass
class Account:
    """What one worker did: counts, seconds by stage, and the names of the parts that it stored."""

    counts: Counter[str] = field(default_factory=Counter)
    committed: set[str] = field(default_factory=set)
    seconds: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a stage."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] += time.monotonic() - began  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Work:
    """A chunk that was read. `full`: whether storage gave all of it."""

    chunk: Chunk
    samples: Sequence[Sample]
    left_out: Sequence[Excluded]
    full: bool


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
        except StoreRefusedError:
            raise
        except StorageError as error:
            full = False
            left_out.append(_storage_line(dataset.name, unit.source.image, error))
    return Work(chunk=chunk, samples=samples, left_out=left_out, full=full)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Does chunks: stores their objects and their parts, one after the other.

    free_memory: gives back what a failed call held on the device.
    """

    spec: LoadedSpec
    plan: Plan
    results: Results
    models: Mapping[str, PromptableModel]
    account: Account
    bar: Progress
    asks: Mapping[tuple[str, int], Ask]
    fail_fast: bool
    free_memory: Callable[[], None]

    def do(self, chunk: Chunk, parts: Sequence[Part], read: Callable[[], Work], pool: Executor) -> None:
        """Evaluate these parts of a chunk. What fails twice is recorded, by what it was: reading, or a model."""
        attempts = Attempts(self.fail_fast, self.free_memory)
        models = dict.fromkeys(part.model for part in parts)
        work = attempts.twice("read", lambda: self._store(read()))
        if work is not None:
            share = chunk.raw / (len(models) + len(parts))  # of the bar, for each round of encoding and each part
            for name in models:
                mine = [part for part in parts if part.model == name]
                attempts.twice(name, partial(self._model, name, mine, work, pool, share))
        if attempts.failed:
            self.account.counts["chunks_failed"] += 1
            self._record(chunk, attempts.failed)

    def _store(self, work: Work) -> Work:
        """Store the objects and the ledger of a chunk."""
        with self.account.stage("write"):
            objects, ledger = objects_table(work.samples), excluded_table(work.left_out)
            self.results.write_chunk(work.chunk.name, objects, ledger, full=work.full)
        self.account.counts.update(images=len(work.samples), objects=objects.num_rows)
        self.account.counts.update(Counter(line.kind for line in work.left_out))
        return work

    def _model(self, name: str, parts: Sequence[Part], work: Work, pool: Executor, share: float) -> None:
        """Evaluate a model's parts of one chunk; it encodes the images once."""
        views = self._encode(name, work.samples, share)
        for part in parts:
            if part.name not in self.account.committed:
                self._part(part, views, work.full, pool, share)
                self.account.committed.add(part.name)

    def _encode(self, name: str, samples: Sequence[Sample], share: float) -> list[evaluate.View]:
        views: list[evaluate.View] = []
        at_once = ENCODED_AT_ONCE
        while len(views) < len(samples):
            some = samples[len(views) : len(views) + at_once]
            try:
                with self.account.stage("encode"):
                    views.extend(evaluate.encode(self.models[name], some))
            except Exception as error:
                at_once = self._half(len(some), error)
                self.free_memory()
            else:
                self.bar.advance(share * len(some) / len(samples))
        return views

    def _part(self, part: Part, views: Sequence[evaluate.View], full: bool, pool: Executor, share: float) -> None:
        began, batch = time.monotonic(), self.plan.batch
        while (outcomes := self._evaluate(part, views, batch, pool, share)) is None:
            batch = max(1, batch // 2)
        seed, precision = self.spec.study.seed, self.plan.precision
        with self.account.stage("write"):
            tables = outcome_tables(outcomes, model=part.model, precision=precision, seed=seed, part=part.name)
            self.results.write_part(part.name, *tables, self._made(part, began, batch), full=full)
        self.account.counts["rows"] += len(outcomes)

    def _evaluate(
        self, part: Part, views: Sequence[evaluate.View], batch: int, pool: Executor, share: float
    ) -> list[Outcome] | None:
        """Evaluate a whole part at one batch size; None if the memory does not do for it."""
        ask = self.asks[part.model, part.block]
        rows = part.episodes * ask.steps * sum(len(view.sample.objects) for view in views)
        outcomes: list[Outcome] = []
        conditions = evaluate.Conditions(seed=self.spec.study.seed, batch=batch)
        try:
            with self.account.stage("evaluate"):
                for outcome in evaluate.evaluate(self.models[part.model], views, ask, conditions, pool):
                    outcomes.append(outcome)
                    self.bar.advance(share / rows)
        except Exception as error:
            self._half(batch, error)
        else:
            return outcomes
        self.free_memory()
        self.bar.advance(-share * len(outcomes) / rows)
        return None

    def _half(self, size: int, error: Exception) -> int:
        """Give half the size after an out-of-memory, said once a run; any other error is raised again."""
        if size == 1 or not device.is_out_of_memory(error):
            raise error
        if not self.account.counts["out_of_memory"]:
            structlog.get_logger().warning("out of memory: going on at half the size", size=size, error=str(error))
        self.account.counts["out_of_memory"] += 1
        return size // 2

    def _record(self, chunk: Chunk, failed: Mapping[str, str]) -> None:
        account = {
            "chunk": chunk.name,
            "dataset": chunk.dataset,
            "images": [unit.source.image for unit in chunk.units],
            "failed": dict(failed),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "medsam_job": __version__,
        }
        self.results.write_failure(chunk.name, account)

    def _made(self, part: Part, began: float, batch: int) -> dict[str, Any]:
        """Tell how a part was made, for its footer."""
        return {
            "chunk": part.chunk,
            "model": part.model,
            "weights": self.plan.weights[part.model],
            "precision": self.plan.precision,
            "batch": batch,
            "seconds": round(time.monotonic() - began, 3),
            "medsam_job": __version__,
            **device.describe(device.resolve_device(self.spec.study.execution.device)),
        }


def _storage_line(dataset: str, image: str, error: StorageError) -> Excluded:
    detail = str(error)
    return Excluded(
        dataset=dataset, image=image, axis="none", slice=0, task=None, kind="error", reason="storage", detail=detail
    )
