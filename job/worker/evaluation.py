"""Encode images and evaluate parts, as much at once as fits into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

import structlog

from job import evaluate
from job.datasets.sample import Sample
from job.evaluate import EncodedSample, Refused
from job.evaluate.demand import Portion
from job.models import device as devices
from job.models import fit
from job.models.device_faults import is_out_of_memory
from job.models.protocol import PromptableModel
from job.plan.blocks import ModelBlock
from job.plan.file import Part
from job.results.outcome import Outcome
from job.worker.embeddings import Embeddings, Look
from job.worker.fit import Fit
from job.worker.progress import ProgressBar
from job.worker.read_ahead import one_ahead
from job.worker.tally import Tally


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """The outcomes of a part, and the portion in which they were made.

    too_large: the images for which memory did not suffice. refused: the objects whose prompts could not be used.
    """

    outcomes: Sequence[Outcome]
    portion: Portion
    too_large: Mapping[Sample, str]
    refused: Sequence[Refused]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Evaluates the parts of chunks. pool: threads that compute prompts and encode masks."""

    models: Mapping[str, PromptableModel]
    blocks: Mapping[tuple[str, int], ModelBlock]
    device: devices.TorchDevice
    batch: int
    fit: Fit
    tally: Tally
    bar: ProgressBar
    pool: Executor
    embeddings: Embeddings

    def too_large(self, model: str, parts: Sequence[Part], samples: Sequence[Sample]) -> dict[Sample, str]:
        """Return the images that do not fit into memory for a model's parts, with the figures."""
        return self.fit.too_large(model, samples, [self.blocks[model, part.block] for part in parts])

    def encode(self, name: str, samples: Sequence[Sample], share: float) -> list[EncodedSample]:
        """Encode images in order, a batch of the model at a time; threads prepare the next batch meanwhile.

        What is stored already is read instead.
        """
        model, encoded = self.models[name], list[EncodedSample]()
        batches = [samples[start : start + model.encode_batch] for start in range(0, len(samples), model.encode_batch)]
        for batch, (look, preparing) in zip(batches, one_ahead(self._coming(name, batches)), strict=True):
            encoded += self._encoded(model, batch, look, preparing)
            self.bar.advance(share * len(batch) / len(samples))
        return encoded

    def _coming(self, name: str, batches: Sequence[Sequence[Sample]]) -> Iterator[tuple[Look, list[Future[Any]]]]:
        """Yield for each batch what is stored of it, or else its images in preparation."""
        looks = self.embeddings.look_up(name, [[sample.image_HWC for sample in batch] for batch in batches])
        for batch, look in zip(batches, looks, strict=True):
            missing = batch if look.encoded is None else ()
            yield look, [self.pool.submit(self.models[name].prepare, sample.image_HWC) for sample in missing]

    def _encoded(
        self, model: PromptableModel, samples: Sequence[Sample], look: Look, preparing: Sequence[Future[Any]]
    ) -> list[EncodedSample]:
        """Return a batch as it is stored, or encode it, and store it unless it was divided for want of memory."""
        if look.encoded is not None:
            return [EncodedSample(sample=s, image=image) for s, image in zip(samples, look.encoded, strict=True)]
        with self.tally.stage("wait for images"):
            prepared = [future.result() for future in preparing]
        shortages = self.tally.counts["out_of_memory"]
        encoded = self._encode(model, samples, prepared)
        if self.tally.counts["out_of_memory"] == shortages:
            self.embeddings.keep(look, [encoded_sample.image for encoded_sample in encoded])
        return encoded

    def _encode(
        self, model: PromptableModel, samples: Sequence[Sample], prepared: Sequence[Any]
    ) -> list[EncodedSample]:
        """Encode a batch; after an out-of-memory error, its halves one after the other."""
        try:
            with self.tally.stage("encode"):
                return evaluate.encode(model, samples, prepared)
        except Exception as error:
            if len(samples) == 1:
                raise
            self._note(error, len(samples))
        self.free_memory()  # outside the handler, where the error's frames no longer hold tensors
        half = len(samples) // 2
        first, second = self._encode(model, samples[:half], prepared[:half]), samples[half:]
        return first + self._encode(model, second, prepared[half:])

    def evaluate(self, part: Part, encoded: Sequence[EncodedSample], share: float) -> Evaluated:
        """Evaluate a whole part in one portion; after an out-of-memory error, again in the next smaller one."""
        samples = [encoded_sample.sample for encoded_sample in encoded]
        portion = self.fit.portion(part.model, samples, self.blocks[part.model, part.block], self.batch)
        while (evaluated := self._evaluate(part, encoded, portion, share)) is None:
            portion = portion.smaller() or portion
        return evaluated

    def free_memory(self) -> None:
        """Release the memory that a failed call held."""
        devices.free_memory(self.device)

    def _evaluate(
        self, part: Part, encoded: Sequence[EncodedSample], portion: Portion, share: float
    ) -> Evaluated | None:
        """Evaluate a part in one portion; return None if the memory does not suffice for it, but may for a smaller."""
        episodes = sum(len(encoded_sample.sample.objects) for encoded_sample in encoded)
        share_of_row = share / max(1, part.episodes * self.blocks[part.model, part.block].block.rows * episodes)
        outcomes: list[Outcome] = []
        refused: list[Refused] = []
        too_large: dict[Sample, str] = {}
        for start in range(0, len(encoded), portion.images):
            group, before = encoded[start : start + portion.images], len(outcomes)
            try:
                for outcome in self._outcomes(part, group, portion):
                    if isinstance(outcome, Refused):
                        refused.append(outcome)
                        continue
                    outcomes.append(outcome)
                    self.bar.advance(share_of_row)
                continue
            except Exception as error:
                self._note(error, portion.batch)
                too_large[group[0].sample] = f"ran out of memory: {error}"
            self.free_memory()
            if portion.smaller():
                self.bar.advance(-share_of_row * len(outcomes))
                return None
            self.bar.advance(-share_of_row * (len(outcomes) - before))
            del outcomes[before:]
        kept = evaluate.without(outcomes, refused)
        return Evaluated(outcomes=kept, portion=portion, too_large=too_large, refused=refused)

    def _outcomes(self, part: Part, encoded: Sequence[EncodedSample], portion: Portion) -> Iterator[Outcome | Refused]:
        block = self.blocks[part.model, part.block]
        samples = [encoded_sample.sample for encoded_sample in encoded]
        needed = self.fit.demand(part.model, samples, [block], portion.batch)
        conditions = evaluate.Conditions(seed=part.seed, batch=portion.batch, stage=self.tally.stage)
        with self.tally.stage("evaluate"), fit.reserved(self.device, *needed):
            yield from evaluate.evaluate(self.models[part.model], encoded, block.block, conditions, self.pool)

    def _note(self, error: Exception, size: int) -> None:
        """Log the first out-of-memory error of a run, and count all; raise any other error again."""
        if not is_out_of_memory(error):
            raise error
        if not self.tally.counts["out_of_memory"]:
            structlog.get_logger().warning("out of memory: going on at half the size", size=size, error=str(error))
        self.tally.counts["out_of_memory"] += 1
