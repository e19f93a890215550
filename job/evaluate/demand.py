"""How much memory the evaluation of images takes, from their sizes and the model, before it begins. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from job.datasets.sample import Sample
from job.models.protocol import PromptableModel
from job.prompts.blocks import PromptBlock
from job.prompts.modes import prompt_mode

OBJECT_BYTES = 12
"""For each pixel of an object that is prompted by a mode, or scored: masks, run-lengths, components."""
CLICK_BYTES = 32
"""For each pixel of an object whose next click is placed: its error, and the distances in it."""
EPISODE_BITS = 2
"""For each pixel of an object between two clicks: its truth and its mask."""
CHOICE_BYTES = 3
"""On the device, for each pixel of a candidate while one is chosen: a copy of its mask, and that of words."""


class Demand(NamedTuple):
    """Estimated memory in bytes, beyond images and weights: on the model's device, and on the host."""

    device: int
    host: int


class Portion(NamedTuple):
    """A part of the work that is in memory at once: images, and requests in one call of the model."""

    images: int
    batch: int

    def smaller(self) -> Portion | None:
        """Return the next smaller portion: half the batch, or half the images once a batch is one request."""
        if self.batch > 1:
            return self._replace(batch=self.batch // 2)
        return self._replace(images=self.images // 2) if self.images > 1 else None


def demand(
    model: PromptableModel, samples: Sequence[Sample], blocks: Sequence[PromptBlock], batch: int, threads: int
) -> Demand:
    """Estimate the memory for the costliest of these blocks on these images together. threads: that place prompts."""
    demands = [_demand(model, samples, block, batch, threads) for block in blocks]
    return Demand(max(demand.device for demand in demands), max(demand.host for demand in demands))


def _demand(model: PromptableModel, samples: Sequence[Sample], block: PromptBlock, batch: int, threads: int) -> Demand:
    held = held_on_host = episodes = 0
    call = pixels = 0
    modes = map(prompt_mode, block.prompts if block.is_one_shot else ())
    requests = max(batch, *(mode.most_calls for mode in modes), 1)  # an object's prompts share a call
    candidates = 3 if model.capabilities.multimask else 1
    for sample in samples:
        height, width = sample.image_HWC.shape[:2]
        need, own = model.needs(height, width), len(sample.objects) * block.episodes
        states = 0 if block.is_one_shot else own
        held += need.image + states * need.episode
        held_on_host += states * EPISODE_BITS * height * width // 8
        chosen = CHOICE_BYTES * requests * candidates * height * width
        call = max(call, need.encode, need.predict(requests) + chosen)
        pixels = max(pixels, height * width)
        episodes += own
    per_pixel = OBJECT_BYTES if block.is_one_shot else CLICK_BYTES
    return Demand(held + call, held_on_host + min(threads, episodes) * pixels * per_pixel)
