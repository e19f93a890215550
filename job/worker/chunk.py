"""One chunk of work: read its samples, encode and evaluate them with every model, store the rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from job import __version__, datasets, evaluate
from job.datasets.sample import Excluded, Sample
from job.errors import StorageError, StoreRefusedError
from job.models import device as devices
from job.models.protocol import PromptableModel
from job.plan.blocks import ModelBlock
from job.plan.file import Chunk, Part, Plan
from job.results.outcome import Outcome
from job.results.store import Results
from job.results.tables import excluded_table, objects_table, outcome_tables
from job.storage import InputCache
from job.study import LoadedSpec
from job.worker.account import Account
from job.worker.attempts import Attempts
from job.worker.progress import ProgressBar

ENCODED_AT_ONCE = 8  # images between two movements of the progress bar; a model batches within


@dataclass(frozen=True, kw_only=True)
class ChunkContent:
    """A chunk that was read. `full`: whether storage gave all of it."""

    chunk: Chunk
    samples: Sequence[Sample]
    left_out: Sequence[Excluded]
    full: bool


def read_chunk(spec: LoadedSpec, chunk: Chunk, cache: InputCache) -> ChunkContent:
    """Read a chunk's samples; a file that storage cannot give now is left out, and the chunk is not full."""
    dataset = next(dataset for dataset in spec.study.datasets if dataset.name == chunk.dataset)
    samples: list[Sample] = []
    left_out: list[Excluded] = []
    full = True
    for unit in chunk.units:
        try:
            loaded = datasets.load(dataset, unit.source, unit.slices, cache, spec.study.execution.max_image_px)
        except StoreRefusedError:
            raise
        except StorageError as error:
            full = False
            left_out.append(_storage_line(dataset.name, unit.source.image, error))
        else:
            samples.extend(loaded.samples)
            left_out.extend(loaded.left_out)
    return ChunkContent(chunk=chunk, samples=samples, left_out=left_out, full=full)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Evaluates chunks one after the other, and stores their objects and parts. `pool`: threads for prompts and masks.

    blocks: by model and index in the spec.
    """

    plan: Plan
    results: Results
    models: Mapping[str, PromptableModel]
    blocks: Mapping[tuple[str, int], ModelBlock]
    device: devices.TorchDevice
    account: Account
    bar: ProgressBar
    pool: Executor
    fail_fast: bool

    def run_chunk(self, chunk: Chunk, parts: Sequence[Part], read: Callable[[], ChunkContent]) -> None:
        """Evaluate these parts of a chunk. What fails twice is recorded by its step: `read`, or the model's name."""
        attempts = Attempts(self.fail_fast, self._free_memory)
        models = dict.fromkeys(part.model for part in parts)
        content = attempts.twice("read", lambda: self._store_chunk(read()))
        if content is not None:
            share = chunk.raw / (len(models) + len(parts))  # of the bar, for each encoding and each part
            for name in models:
                parts_of_model = [part for part in parts if part.model == name]
                attempts.twice(name, partial(self._run_model, name, parts_of_model, content, share))
        if attempts.failed:
            self.account.counts["chunks_failed"] += 1
            self._record_failure(chunk, attempts.failed)

    def _store_chunk(self, content: ChunkContent) -> ChunkContent:
        """Store the objects and the ledger of a chunk."""
        with self.account.stage("write"):
            objects, ledger = objects_table(content.samples), excluded_table(content.left_out)
            self.results.write_chunk(content.chunk.name, objects, ledger, full=content.full)
        self.account.counts.update(images=len(content.samples), objects=objects.num_rows)
        self.account.counts.update(Counter(line.kind for line in content.left_out))
        return content

    def _run_model(self, name: str, parts: Sequence[Part], content: ChunkContent, share: float) -> None:
        """Evaluate a model's parts of one chunk; the model encodes the images once for all of them."""
        encoded = self._encode(name, content.samples, share)
        for part in parts:
            if part.name not in self.account.committed:
                self._run_part(part, encoded, content.full, share)
                self.account.committed.add(part.name)

    def _encode(self, name: str, samples: Sequence[Sample], share: float) -> list[evaluate.EncodedSample]:
        encoded: list[evaluate.EncodedSample] = []
        at_once = ENCODED_AT_ONCE
        while len(encoded) < len(samples):
            batch = samples[len(encoded) : len(encoded) + at_once]
            try:
                with self.account.stage("encode"):
                    encoded.extend(evaluate.encode(self.models[name], batch))
            except Exception as error:
                at_once = self._half(len(batch), error)
                self._free_memory()
            else:
                self.bar.advance(share * len(batch) / len(samples))
        return encoded

    def _run_part(self, part: Part, encoded: Sequence[evaluate.EncodedSample], full: bool, share: float) -> None:
        began, batch = time.monotonic(), self.plan.batch
        while (outcomes := self._evaluate(part, encoded, batch, share)) is None:
            batch = max(1, batch // 2)
        with self.account.stage("write"):
            tables = outcome_tables(
                outcomes, model=part.model, precision=self.plan.precision, seed=part.seed, part=part.name
            )
            self.results.write_part(part.name, *tables, self._footer(part, began, batch), full=full)
        self.account.counts["rows"] += len(outcomes)

    def _evaluate(
        self, part: Part, encoded: Sequence[evaluate.EncodedSample], batch: int, share: float
    ) -> list[Outcome] | None:
        """Evaluate a whole part at one batch size; return None if memory does not suffice for it."""
        block = self.blocks[part.model, part.block].block
        rows = part.episodes * block.steps * sum(len(one.sample.objects) for one in encoded)
        outcomes: list[Outcome] = []
        conditions = evaluate.Conditions(seed=part.seed, batch=batch)
        try:
            with self.account.stage("evaluate"):
                for outcome in evaluate.evaluate(self.models[part.model], encoded, block, conditions, self.pool):
                    outcomes.append(outcome)
                    self.bar.advance(share / rows)
        except Exception as error:
            self._half(batch, error)
        else:
            return outcomes
        self._free_memory()
        self.bar.advance(-share * len(outcomes) / rows)
        return None

    def _half(self, size: int, error: Exception) -> int:
        """Return half the size after an out-of-memory, which is logged once a run; raise any other error again."""
        if size == 1 or not devices.is_out_of_memory(error):
            raise error
        if not self.account.counts["out_of_memory"]:
            structlog.get_logger().warning("out of memory: going on at half the size", size=size, error=str(error))
        self.account.counts["out_of_memory"] += 1
        return size // 2

    def _free_memory(self) -> None:
        devices.free_memory(self.device)

    def _record_failure(self, chunk: Chunk, failed: Mapping[str, str]) -> None:
        record = {
            "chunk": chunk.name,
            "dataset": chunk.dataset,
            "images": [unit.source.image for unit in chunk.units],
            "failed": dict(failed),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "medsam_job": __version__,
        }
        self.results.write_failure(chunk.name, record)

    def _footer(self, part: Part, began: float, batch: int) -> dict[str, Any]:
        """Describe how a part was made."""
        return {
            "chunk": part.chunk,
            "model": part.model,
            "seed": part.seed,
            "weights": self.plan.models[part.model].sha256,
            "precision": self.plan.precision,
            "batch": batch,
            "seconds": round(time.monotonic() - began, 3),
            "medsam_job": __version__,
            **devices.describe(self.device),
        }


def _storage_line(dataset: str, image: str, error: StorageError) -> Excluded:
    detail = str(error)
    return Excluded(
        dataset=dataset, image=image, axis="none", slice=0, task=None, kind="error", reason="storage", detail=detail
    )
