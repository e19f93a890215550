"""The input of the loop: samples with their encoded images, and the conditions of the evaluation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from job.datasets.sample import Sample, TaskObject
from job.models.protocol import EncodedImage
from job.prompts.draw import Draw


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedSample:
    """A sample with the model's encoding of its image."""

    sample: Sample
    image: EncodedImage


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What determines a row besides model, sample and prompt block, and the clock that is kept.

    batch: requests in one call of the model. stage: times the work in its context under a name, in any thread.
    """

    seed: int
    batch: int
    stage: Callable[[str], AbstractContextManager[None]] = field(default=lambda name: nullcontext())

    def draw(self, sample: Sample, obj: TaskObject) -> Draw:
        """Return the source of random choices for one object."""
        return Draw(seed=self.seed, image=sample.image, slice=sample.slice, task=obj.task)
