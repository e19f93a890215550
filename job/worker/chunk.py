"""One chunk of work: encode and evaluate its samples with every model, and store the rows."""

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

from job import __version__, evaluate
from job.datasets.sample import Sample
from job.models import device as devices
from job.models.device_faults import is_out_of_memory
from job.models.protocol import PromptableModel
from job.plan.blocks import ModelBlock
from job.plan.file import Chunk, Part, Plan
from job.results.outcome import Outcome
from job.results.store import Results
from job.results.tables import excluded_table, objects_table, outcome_tables
from job.worker.attempts import Attempts
from job.worker.first_chunks import FirstChunks
from job.worker.progress import ProgressBar
from job.worker.read_chunk import ChunkContent
from job.worker.tally import Tally

ENCODED_AT_ONCE = 8
"""Images between two updates of the progress bar. The model may encode them in smaller batches."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Evaluates chunks one after the other, and stores their objects and parts.

    blocks: prompt blocks by model and index in the spec. pool: threads that compute prompts and encode masks.
    """

    plan: Plan
    results: Results
    models: Mapping[str, PromptableModel]
    blocks: Mapping[tuple[str, int], ModelBlock]
    device: devices.TorchDevice
    tally: Tally
    bar: ProgressBar
    pool: Executor
    fail_fast: bool
    first: FirstChunks

    def run_chunk(self, chunk: Chunk, parts: Sequence[Part], read: Callable[[], ChunkContent]) -> None:
        """Evaluate these parts of a chunk; without any, its objects and ledger alone are stored.

        A step that fails twice is recorded under its name: `read`, or the name of the model. Raise MachineError or
        NothingDoneError if all of the run's first chunks failed.
        """
        attempts = Attempts(self.fail_fast, self._free_memory)
        models = dict.fromkeys(part.model for part in parts)
        content = attempts.twice("read", lambda: self._store_chunk(read()))
        if content is not None:
            share = chunk.raw / max(1, len(models) + len(parts))  # of the bar, for each encoding and each part
            for name in models:
                parts_of_model = [part for part in parts if part.model == name]
                attempts.twice(name, partial(self._run_model, name, parts_of_model, content, share))
        if attempts.failed:
            self.tally.counts["chunks_failed"] += 1
            self._record_failure(chunk, attempts.failed)
        self.first.note(chunk, attempts, stored=any(part.name in self.tally.committed for part in parts))

    def _store_chunk(self, content: ChunkContent) -> ChunkContent:
        """Store the objects and the ledger of a chunk."""
        with self.tally.stage("write"):
            objects, ledger = objects_table(content.samples), excluded_table(content.left_out)
            self.results.write_chunk(content.chunk.name, objects, ledger, full=content.full)
        self.tally.counts.update(images=len(content.samples), objects=objects.num_rows)
        self.tally.counts.update(Counter(line.kind for line in content.left_out))
        return content

    def _run_model(self, name: str, parts: Sequence[Part], content: ChunkContent, share: float) -> None:
        """Evaluate a model's parts of one chunk, except those that an earlier attempt stored.

        The model encodes the images once for all parts.
        """
        encoded = self._encode(name, content.samples, share)
        for part in parts:
            if part.name not in self.tally.committed:
                self._run_part(part, encoded, content.full, share)
                self.tally.committed.add(part.name)

    def _encode(self, name: str, samples: Sequence[Sample], share: float) -> list[evaluate.EncodedSample]:
        """Encode images in order; after an out-of-memory error, half as many at once."""
        encoded: list[evaluate.EncodedSample] = []
        at_once = ENCODED_AT_ONCE
        while len(encoded) < len(samples):
            batch = samples[len(encoded) : len(encoded) + at_once]
            try:
                with self.tally.stage("encode"):
                    encoded.extend(evaluate.encode(self.models[name], batch))
            except Exception as error:
                self._require_smaller(len(batch), error)
                at_once = len(batch) // 2
            else:
                self.bar.advance(share * len(batch) / len(samples))
                continue
            self._free_memory()  # outside the handler, where the error's frames no longer hold tensors
        return encoded

    def _run_part(self, part: Part, encoded: Sequence[evaluate.EncodedSample], full: bool, share: float) -> None:
        """Evaluate and store a part; after an out-of-memory error, evaluate it again at half the batch size."""
        began, batch = time.monotonic(), self.plan.batch
        while (outcomes := self._evaluate(part, encoded, batch, share)) is None:
            batch //= 2
        with self.tally.stage("write"):
            tables = outcome_tables(
                outcomes, model=part.model, precision=self.plan.precision, seed=part.seed, part=part.name
            )
            self.results.write_part(part.name, *tables, self._footer(part, began, batch), full=full)
        self.tally.counts["rows"] += len(outcomes)

    def _evaluate(
        self, part: Part, encoded: Sequence[evaluate.EncodedSample], batch: int, share: float
    ) -> list[Outcome] | None:
        """Evaluate a whole part at one batch size; return None if the memory does not suffice for it."""
        block = self.blocks[part.model, part.block].block
        rows = part.episodes * block.steps * sum(len(encoded_sample.sample.objects) for encoded_sample in encoded)
        outcomes: list[Outcome] = []
        conditions = evaluate.Conditions(seed=part.seed, batch=batch)
        try:
            with self.tally.stage("evaluate"):
                for outcome in evaluate.evaluate(self.models[part.model], encoded, block, conditions, self.pool):
                    outcomes.append(outcome)
                    self.bar.advance(share / rows)
        except Exception as error:
            self._require_smaller(batch, error)
        else:
            return outcomes
        self._free_memory()
        self.bar.advance(-share * len(outcomes) / rows)
        return None

    def _require_smaller(self, size: int, error: Exception) -> None:
        """Return if the error is an out-of-memory error and `size` can be halved; raise the error again otherwise.

        Log the first out-of-memory error of a run.
        """
        if size == 1 or not is_out_of_memory(error):
            raise error
        if not self.tally.counts["out_of_memory"]:
            structlog.get_logger().warning("out of memory: going on at half the size", size=size, error=str(error))
        self.tally.counts["out_of_memory"] += 1

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
