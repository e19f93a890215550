"""One chunk of work: encode and evaluate its samples with every model, and store the rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from job import __version__
from job.evaluate import EncodedSample
from job.models import device as devices
from job.plan.file import Chunk, Part, Plan
from job.results.store import Results
from job.results.tables import outcome_tables
from job.worker.attempts import Attempts
from job.worker.evaluation import Evaluation
from job.worker.failure import record_failure
from job.worker.first_chunks import FirstChunks
from job.worker.gathered import Gathered, Scores
from job.worker.read_chunk import ChunkContent
from job.worker.tally import Tally


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Evaluates chunks one after the other, and stores their objects and parts."""

    plan: Plan
    results: Results
    evaluation: Evaluation
    tally: Tally
    fail_fast: bool
    first: FirstChunks

    def run_chunk(self, chunk: Chunk, parts: Sequence[Part], read: Callable[[], ChunkContent]) -> None:
        """Evaluate these parts of a chunk; without any, its objects and ledger alone are stored.

        A step that fails twice is recorded under its name: `read`, or the name of the model. Raise MachineError or
        NothingDoneError if all of the run's first chunks failed.
        """
        attempts = Attempts(self.fail_fast, self.evaluation.free_memory)
        models = dict.fromkeys(part.model for part in parts)
        by_model = {name: [part for part in parts if part.model == name] for name in models}
        gathered = Gathered()
        content = attempts.twice("read", lambda: self._begin(self._reckoned(read(), by_model), gathered))
        while content is not None:
            share = content.raw / max(1, len(models) + len(parts))  # of the bar, for each encoding and each part
            for name in models:
                if name not in attempts.failed:
                    attempts.twice(name, partial(self._run_model, by_model[name], content, gathered, share))
            more, content = content.more, None  # which frees the images
            if more is not None:
                gathered.number += 1
                content = attempts.twice("read", partial(self._read_more, more, by_model, gathered))
        if attempts.failed:
            self.tally.counts["chunks_failed"] += 1
            record_failure(self.results, chunk, attempts.failed)
        self.first.note(chunk, attempts, stored=any(part.name in self.tally.committed for part in parts))

    def _read_more(
        self, read: Callable[[], ChunkContent], parts: Mapping[str, Sequence[Part]], gathered: Gathered
    ) -> ChunkContent:
        self.evaluation.free_memory()
        return self._begin(self._reckoned(read(), parts), gathered)

    def _reckoned(self, content: ChunkContent, parts: Mapping[str, Sequence[Part]]) -> ChunkContent:
        """Return the content of a chunk with the images that do not fit into memory, for each model."""
        too_large = {
            name: self.evaluation.too_large(name, parts_of_model, content.samples)
            for name, parts_of_model in parts.items()
        }
        return replace(content, too_large=too_large)

    def _begin(self, content: ChunkContent, gathered: Gathered) -> ChunkContent:
        """Note what a portion of a chunk holds; with the last, store the objects and the ledger of the chunk."""
        self._store_content(content, gathered)
        self.tally.counts.update(images=len(content.samples), objects=sum(len(s.objects) for s in content.samples))
        self.tally.counts.update(Counter(line.kind for line in content.ledger))
        return content

    def _store_content(self, content: ChunkContent, gathered: Gathered) -> None:
        with self.tally.stage("write"):
            gathered.note(content)
            if content.more is None:
                objects, ledger, full = gathered.content()
                self.results.write_chunk(content.chunk.name, objects, ledger, full=full)

    def _run_model(self, parts: Sequence[Part], content: ChunkContent, gathered: Gathered, share: float) -> None:
        """Evaluate a model's parts of a portion, except those that an earlier attempt did; with the last, store them.

        The model encodes the images once for all parts.
        """
        model = parts[0].model
        fitting = [sample for sample in content.samples if sample not in content.too_large[model]]
        encoded = self.evaluation.encode(model, fitting, share)
        for part in parts:
            if part.name in self.tally.committed:
                continue
            if not gathered.has(part):
                self._evaluate(part, encoded, content, gathered, share)
            if content.more is None:
                self._store_part(part, gathered)

    def _evaluate(
        self, part: Part, encoded: Sequence[EncodedSample], content: ChunkContent, gathered: Gathered, share: float
    ) -> None:
        """Evaluate a part of one portion. Images for which memory did not suffice become errors in the ledger."""
        began, too_large = time.monotonic(), content.too_large[part.model]
        evaluated = self.evaluation.evaluate(part, encoded, share)
        iou, predictions = outcome_tables(
            evaluated.outcomes, model=part.model, precision=self.plan.precision, seed=part.seed, part=part.name
        )
        scores = Scores(
            iou=iou,
            predictions=predictions,
            portion=evaluated.portion,
            seconds=time.monotonic() - began,
            full=content.full and not too_large and not evaluated.too_large,
        )
        gathered.add(part, scores)
        if evaluated.too_large.keys() - too_large:
            self.tally.counts["error"] += len(evaluated.too_large.keys() - too_large)
            too_large.update(evaluated.too_large)
            self._store_content(content, gathered)

    def _store_part(self, part: Part, gathered: Gathered) -> None:
        with self.tally.stage("write"):
            scores = gathered.scores(part)
            self.results.write_part(
                part.name, scores.iou, scores.predictions, self._footer(part, scores), full=scores.full
            )
        self.tally.counts["rows"] += scores.iou.num_rows
        if not self.evaluation.blocks[part.model, part.block].block.is_one_shot:
            self.tally.counts["clicks"] += scores.iou.num_rows
        self.tally.committed.add(part.name)

    def _footer(self, part: Part, scores: Scores) -> dict[str, Any]:
        """Describe how a part was made."""
        return {
            "chunk": part.chunk,
            "model": part.model,
            "seed": part.seed,
            "weights": self.plan.models[part.model].sha256,
            "precision": self.plan.precision,
            "batch": scores.portion.batch,
            "images_at_once": scores.portion.images,
            "seconds": round(scores.seconds, 3),
            "medsam_job": __version__,
            **devices.describe(self.evaluation.device),
        }
