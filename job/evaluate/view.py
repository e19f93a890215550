"""What goes into the loop."""

from __future__ import annotations

from dataclasses import dataclass

from job.datasets.sample import Sample, TaskObject
from job.models.protocol import EncodedImage
from job.prompts.draw import Draw


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A sample together with what the model keeps of its image."""

    sample: Sample
    image: EncodedImage


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What besides model, samples and ask determines a row: the seed, and the objects in one call of the model."""

    seed: int
    batch: int

    def draw(self, view: View, thing: TaskObject) -> Draw:
        """Give the source of chance of one object."""
        return Draw(seed=self.seed, image=view.sample.image, slice=view.sample.slice, task=thing.task)
