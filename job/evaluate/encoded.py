"""The input of the loop: samples with their encoded images, and the conditions of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass

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
    """What determines a row besides model, sample and prompt block. batch: requests in one call of the model."""

    seed: int
    batch: int

    def draw(self, sample: Sample, obj: TaskObject) -> Draw:
        """Return the source of random choices for one object."""
        return Draw(seed=self.seed, image=sample.image, slice=sample.slice, task=obj.task)
