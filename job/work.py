"""One chunk of work: read, encode, evaluate, write."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from job import __version__, datasets, evaluate
from job.datasets.sample import Excluded, Sample
from job.errors import StorageError
from job.models import device
from job.models.protocol import PromptableModel
from job.plan.asks import Ask
from job.plan.file import Chunk, Part, Plan
from job.progress import Progress
from job.results.store import Results
from job.results.tables import excluded_table, objects_table, outcome_tables
from job.spec import LoadedSpec
from job.storage import InputCache

ENCODED_AT_ONCE = 8  # images between two movements of the progress bar; a model batches within


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
class Worker:
    """Does chunks: stores their objects and their parts, one after the other."""

    spec: LoadedSpec
    plan: Plan
    results: Results
    models: Mapping[str, PromptableModel]
    account: Account
    bar: Progress
    asks: Mapping[tuple[str, int], Ask]

    def do(self, work: Work, parts: Sequence[Part], pool: Executor) -> None:
        """Evaluate the parts of one chunk; each model encodes its images once."""
        with self.account.stage("write"):
            objects, ledger = objects_table(work.samples), excluded_table(work.left_out)
            self.results.write_chunk(work.chunk.name, objects, ledger, full=work.full)
        self.account.counts.update(images=len(work.samples), objects=objects.num_rows)
        self.account.counts.update(Counter(line.kind for line in work.left_out))
        names = list(dict.fromkeys(part.model for part in parts))
        share = work.chunk.raw / (len(names) + len(parts))  # of the bar, for each round of encoding and each part
        for name in names:
            views = self._encode(name, work.samples, share)
            for part in parts:
                if part.model == name:
                    self._part(part, views, work.full, pool, share)

    def _encode(self, name: str, samples: Sequence[Sample], share: float) -> list[evaluate.View]:
        views: list[evaluate.View] = []
        for start in range(0, len(samples), ENCODED_AT_ONCE):
            some = samples[start : start + ENCODED_AT_ONCE]
            with self.account.stage("encode"):
                views.extend(evaluate.encode(self.models[name], some))
            self.bar.advance(share * len(some) / len(samples))
        return views

    def _part(self, part: Part, views: Sequence[evaluate.View], full: bool, pool: Executor, share: float) -> None:
        seed, precision = self.spec.study.seed, self.plan.precision
        ask = self.asks[part.model, part.block]
        rows = part.episodes * ask.steps * sum(len(view.sample.objects) for view in views)
        began = time.monotonic()
        outcomes = []
        with self.account.stage("evaluate"):
            conditions = evaluate.Conditions(seed=seed, batch=self.plan.batch)
            for outcome in evaluate.evaluate(self.models[part.model], views, ask, conditions, pool):
                outcomes.append(outcome)
                self.bar.advance(share / rows)
        with self.account.stage("write"):
            tables = outcome_tables(outcomes, model=part.model, precision=precision, seed=seed, part=part.name)
            self.results.write_part(part.name, *tables, self._made(part, began), full=full)
        self.account.counts["rows"] += len(outcomes)

    def _made(self, part: Part, began: float) -> dict[str, Any]:
        """Tell how a part was made, for its footer."""
        return {
            "chunk": part.chunk,
            "model": part.model,
            "weights": self.plan.weights[part.model],
            "precision": self.plan.precision,
            "batch": self.plan.batch,
            "seconds": round(time.monotonic() - began, 3),
            "medsam_job": __version__,
            **device.describe(device.resolve_device(self.spec.study.execution.device)),
        }


def _storage_line(dataset: str, image: str, error: StorageError) -> Excluded:
    detail = str(error)
    return Excluded(
        dataset=dataset, image=image, axis="none", slice=0, task=None, kind="error", reason="storage", detail=detail
    )
