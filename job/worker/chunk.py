"""One chunk of work: encode and evaluate its samples with every model, and store the rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from job import __version__
from job.evaluate import EncodedSample
from job.models import device as devices
from job.plan.file import Chunk, Part, Plan
from job.results.store import Results
from job.worker.attempts import Attempts
from job.worker.evaluation import Evaluation
from job.worker.failure import record_failure
from job.worker.first_chunks import FirstChunks
from job.worker.gathered import Scores
from job.worker.read_chunk import ChunkContent
from job.worker.storing import Storing
from job.worker.tally import Tally


@dataclass(frozen=True, kw_only=True)
class Work:
    """A chunk that is evaluated, and whose results are being stored. parts: by model."""

    chunk: Chunk
    parts: Mapping[str, Sequence[Part]]
    attempts: Attempts
    storing: Storing


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Evaluates chunks one after the other, and stores their objects and parts.

    compiled: whether torch compiles networks. writer: one thread that stores. ended: told the name of each chunk once
    it is evaluated.
    """

    plan: Plan
    results: Results
    evaluation: Evaluation
    tally: Tally
    fail_fast: bool
    first: FirstChunks
    compiled: bool
    writer: Executor
    ended: Callable[[str], None]

    def run_chunk(self, chunk: Chunk, parts: Sequence[Part], read: Callable[[], ChunkContent]) -> None:
        """Evaluate these parts of a chunk; without any, its objects and ledger alone are stored.

        Results are stored while the next part is evaluated. A step that fails twice is recorded under its name: `read`,
        or the name of the model. Raise MachineError or NothingDoneError if all of the run's first chunks failed.
        """
        models = dict.fromkeys(part.model for part in parts)
        work = Work(
            chunk=chunk,
            parts={name: [part for part in parts if part.model == name] for name in models},
            attempts=Attempts(self.fail_fast, self.evaluation.free_memory),
            storing=Storing(chunk, self.results, self.writer, self.tally, self._footer),
        )
        content = work.attempts.twice("read", lambda: self._begin(work, read()))
        while content is not None:
            share = content.raw / max(1, len(models) + len(parts))  # of the bar, for each encoding and each part
            for name in models:
                if name not in work.attempts.failed:
                    work.attempts.twice(name, partial(self._run_model, work, name, content, share))
            more, content = content.more, None  # which frees the images
            if more is not None:
                work.storing.next_portion()
                content = work.attempts.twice("read", partial(self._read_more, work, more))
        self.ended(chunk.name)
        self._finish(work)

    def _finish(self, work: Work) -> None:
        """Wait until a chunk is stored, so that a death in the next one costs nothing of it."""
        with self.tally.stage("wait for storage"):
            if "read" not in work.attempts.failed:
                work.attempts.twice("read", work.storing.stored_content)
            for name in work.parts:
                if not work.attempts.failed.keys() & {"read", name}:
                    work.attempts.twice(name, partial(self._stored, work, name))
        if work.attempts.failed:
            self.tally.counts["chunks_failed"] += 1
            record_failure(self.results, work.chunk, work.attempts.failed)
        names = [part.name for parts in work.parts.values() for part in parts]
        self.first.note(work.chunk, work.attempts, stored=any(name in self.tally.committed for name in names))

    def _stored(self, work: Work, model: str) -> None:
        """Wait until a model's parts are stored, and count them."""
        for part in work.parts[model]:
            if part.name in self.tally.committed:
                continue
            rows = work.storing.stored_part(part)
            self.tally.committed.add(part.name)
            self.tally.counts["rows"] += rows
            if not self.evaluation.blocks[model, part.block].block.is_one_shot:
                self.tally.counts["clicks"] += rows

    def _read_more(self, work: Work, read: Callable[[], ChunkContent]) -> ChunkContent:
        self.evaluation.free_memory()
        return self._begin(work, read())

    def _begin(self, work: Work, content: ChunkContent) -> ChunkContent:
        """Note what a portion of a chunk holds, and which of its images do not fit into memory, for each model."""
        too_large = {
            name: self.evaluation.too_large(name, parts, content.samples) for name, parts in work.parts.items()
        }
        content = replace(content, too_large=too_large)
        work.storing.content(content)
        self.tally.counts.update(images=len(content.samples), objects=sum(len(s.objects) for s in content.samples))
        self.tally.counts.update(Counter(line.kind for line in content.ledger))
        return content

    def _run_model(self, work: Work, model: str, content: ChunkContent, share: float) -> None:
        """Evaluate a model's parts of a portion, except those that an earlier attempt did; with the last, store them.

        The model encodes the images once for all parts.
        """
        fitting = [sample for sample in content.samples if sample not in content.too_large[model]]
        encoded = self.evaluation.encode(model, fitting, share)
        for part in work.parts[model]:
            if work.storing.has_scores(part):
                continue
            self._evaluate(part, encoded, content, work.storing, share)
            if content.more is None:
                work.storing.part(part)

    def _evaluate(
        self, part: Part, encoded: Sequence[EncodedSample], content: ChunkContent, storing: Storing, share: float
    ) -> None:
        """Evaluate a part of one portion.

        Images for which memory did not suffice, and objects whose prompts could not be used, become errors in the
        ledger.
        """
        began, too_large = time.monotonic(), content.too_large[part.model]
        evaluated = self.evaluation.evaluate(part, encoded, share)
        storing.scores(
            part,
            self.plan.precision,
            evaluated.outcomes,
            portion=evaluated.portion,
            seconds=time.monotonic() - began,
            full=content.full and not too_large and not evaluated.too_large and not evaluated.refused,
        )
        refused = dict.fromkeys(refused.line(part.model) for refused in evaluated.refused)
        if errors := len(evaluated.too_large.keys() - too_large) + len(refused.keys() - content.refused):
            self.tally.counts["error"] += errors
            too_large.update(evaluated.too_large)
            content.refused.update(refused)
            storing.content(content)

    def _footer(self, part: Part, scores: Scores) -> dict[str, Any]:
        """Describe how a part was made."""
        return {
            "chunk": part.chunk,
            "model": part.model,
            "seed": part.seed,
            "weights": self.plan.models[part.model].sha256,
            "precision": self.plan.precision,
            "batch": scores.portion.batch,
            "encode_batch": self.evaluation.models[part.model].encode_batch,
            "compiled": self.compiled,
            "images_at_once": scores.portion.images,
            "seconds": round(scores.seconds, 3),
            "medsam_job": __version__,
            **devices.describe(self.evaluation.device),
        }
