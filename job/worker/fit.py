"""Fit the evaluation of a chunk into memory: which images cannot be evaluated at all, and how many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from job.datasets.sample import Sample
from job.evaluate.demand import Demand, Portion, demand
from job.models import device as devices
from job.models import fit
from job.models.protocol import PromptableModel
from job.plan.blocks import ModelBlock


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The memory that evaluations may take.

    threads: that place prompts. give_up: drops what was read ahead, which is read again in its turn.
    """

    models: Mapping[str, PromptableModel]
    device: devices.TorchDevice
    threads: int
    give_up: Callable[[], None]

    def too_large(self, model: str, samples: Sequence[Sample], blocks: Sequence[ModelBlock]) -> dict[Sample, str]:
        """Return the images that do not fit even alone, with the figures. Equal demands are looked up once."""
        demands = {sample: self.demand(model, [sample], blocks, 1) for sample in samples}
        figures = {needed: self._shortage(needed) for needed in dict.fromkeys(demands.values())}
        return {sample: figures[needed] for sample, needed in demands.items() if figures[needed]}

    def portion(self, model: str, samples: Sequence[Sample], block: ModelBlock, batch: int) -> Portion:
        """Return the largest portion that fits, or the smallest; the largest is all images at the given batch."""
        portion = Portion(max(1, len(samples)), batch)
        while self._shortage(self.largest(model, samples, block, portion)) and (smaller := portion.smaller()):
            portion = smaller
        return portion

    def largest(self, model: str, samples: Sequence[Sample], block: ModelBlock, portion: Portion) -> Demand:
        """Return the demand of the costliest of the groups into which a portion divides images."""
        groups = [samples[start : start + portion.images] for start in range(0, len(samples), portion.images)]
        demands = [self.demand(model, group, [block], portion.batch) for group in groups]
        return max(demands, key=sum, default=Demand(0, 0))

    def demand(self, model: str, samples: Sequence[Sample], blocks: Sequence[ModelBlock], batch: int) -> Demand:
        """Return the demand of images together."""
        return demand(self.models[model], samples, [block.block for block in blocks], batch, self.threads)

    def _shortage(self, needed: Demand) -> str:
        if not fit.shortage(self.device, *needed):
            return ""
        self.give_up()
        devices.free_memory(self.device)
        return fit.shortage(self.device, *needed)
