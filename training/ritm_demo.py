"""Train RITM's HRNet18s from scratch on generated objects: python -m training.ritm_demo --minutes 240 --out DIR.

This is RITM's iterative training (Sofiiuk et al. 2021): clicks on the object, then up to three more in the error, with
the soft mask fed back as previous mask. There are two departures, without which nothing is learnt from scratch: the
loss is cross entropy and Dice first, and RITM's normalised focal loss only later; click features start at full
strength.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from job.models.click_based.framing import padded
from job.models.click_based.model import MASK_THRESHOLD
from job.models.device import Device
from job.models.ritm.architecture import RitmArch, named_architecture
from job.models.ritm.click_branch import Scale
from job.models.ritm.network import RitmNetwork
from job.models.ritm.ocr import Logits
from job.prompts.boxes import Mask
from training.clicks import ClickList, correct, deepest_click, first_clicks, overlap
from training.loop import parser, train, training_device
from training.losses import bce_dice, normalised_focal
from training.objects import HELD_OUT_SEEDS, TRAIN_SEEDS, ObjectCrops, generator

ARCH = "hrnet18s"
AUX_WEIGHT = 0.4
FOCAL_FROM, FOCAL_TO, FOCAL_SHARE = 0.5, 0.8, 0.5
"""Between the first two shares of the run, the share of the normalised focal loss rises from 0 to the third."""
MOST_ROUNDS = 3
HELD_OUT = 64
CLICKS = 5

Example = tuple[NDArray[np.uint8], Mask]


class RitmTask:
    """Object crops, with clicks simulated in the error and one loss for each step."""

    def __init__(self, device: Device, seed: int, side: int, arch: RitmArch, held_out: int = HELD_OUT) -> None:
        torch.manual_seed(seed)
        self.device = device
        self.seed = seed
        self.side = side
        self.network = RitmNetwork(arch).to(device.device).to(memory_format=torch.channels_last)
        for module in self.network.modules():
            if isinstance(module, Scale):
                nn.init.ones_(module.scale)
        self.data: Any = ObjectCrops(seed=TRAIN_SEEDS + seed, side=side)
        held = ObjectCrops(seed=HELD_OUT_SEEDS + seed, side=side)
        self._held_out = [held[2 * index] for index in range(held_out)]

    def losses(self, batch: Sequence[Example], step: int, progress: float) -> Iterator[Tensor]:
        """Simulate up to three rounds of clicks without gradients, then yield the loss of one more prediction."""
        rng = generator(self.seed, step)
        images, truths = self._images(batch), [truth for _, truth in batch]
        clicks = [first_clicks(truth, rng) for truth in truths]
        previous = torch.zeros_like(images[:, :1])
        self.network.eval()
        for _ in range(int(rng.integers(0, MOST_ROUNDS + 1))):
            previous = self._probability(self.network, images, previous, clicks)
            _correct(clicks, truths, previous, rng)
        self.network.train()
        outputs = self._forward(self.network, images, previous, clicks)
        truth = torch.from_numpy(np.stack(truths)).to(self.device.device)
        loss = _loss(outputs.instances[:, 0], truth, progress) + AUX_WEIGHT * _loss(outputs.aux[:, 0], truth, 0.0)
        yield loss.mean()

    @property
    def origin(self) -> Mapping[str, str | int]:
        """Model, seed and side of the crops."""
        return {"model": f"ritm {ARCH}", "seed": self.seed, "side": self.side}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Return the mean IoU after 1, 3 and 5 clicks in the deepest error, on crops, without zoom-in and flip."""
        network.eval()
        scores = np.zeros((CLICKS, len(self._held_out)))
        for start in range(0, len(self._held_out), 8):
            examples = self._held_out[start : start + 8]
            images, truths = self._images(examples), [truth for _, truth in examples]
            clicks = [deepest_click(truth) for truth in truths]
            previous = torch.zeros_like(images[:, :1])
            for click in range(CLICKS):
                previous = self._probability(network, images, previous, clicks)
                masks = (previous[:, 0] > MASK_THRESHOLD).cpu().numpy()
                scores[click, start : start + 8] = [overlap(*pair) for pair in zip(masks, truths, strict=True)]
                _correct(clicks, truths, previous, None)
        return {f"iou_{click}": float(scores[click - 1].mean()) for click in (1, 3, 5)}

    def shipped(self, network: nn.Module) -> Mapping[str, Tensor]:
        """Return the whole network."""
        return network.state_dict()

    def _images(self, examples: Sequence[Example]) -> Tensor:
        stacked = torch.from_numpy(np.stack([image_HWC for image_HWC, _ in examples]))
        return stacked.to(self.device.device).permute(0, 3, 1, 2).float() / 255

    def _forward(self, network: nn.Module, images: Tensor, previous: Tensor, clicks: Sequence[ClickList]) -> Logits:
        points = torch.from_numpy(padded([points.for_ritm() for points in clicks])).to(self.device.device)
        inputs = torch.cat([images, previous], dim=1).contiguous(memory_format=torch.channels_last)
        with self.device.autocasting():
            outputs: Logits = network(inputs, points)
        return outputs

    @torch.no_grad()
    def _probability(self, network: nn.Module, images: Tensor, previous: Tensor, clicks: Sequence[ClickList]) -> Tensor:
        return self._forward(network, images, previous, clicks).instances.float().sigmoid()


def _correct(
    clicks: Sequence[ClickList], truths: Sequence[Mask], probability: Tensor, rng: np.random.Generator | None
) -> None:
    masks = (probability[:, 0] > MASK_THRESHOLD).cpu().numpy()
    for points, truth, prediction in zip(clicks, truths, masks, strict=True):
        correct(points, truth, prediction, rng)


def _loss(logits: Tensor, truth: Tensor, progress: float) -> Tensor:
    share = FOCAL_SHARE * min(1.0, max(0.0, (progress - FOCAL_FROM) / (FOCAL_TO - FOCAL_FROM)))
    loss = (1 - share) * bce_dice(logits, truth)
    return loss + share * normalised_focal(logits, truth) if share else loss


def main() -> None:
    """Train RITM's HRNet18s."""
    command = parser(str(__doc__), batch=8, rate=5e-4)
    command.add_argument("--side", type=int, default=128, help="side of the crops, px")
    arguments = command.parse_args()

    def task() -> RitmTask:
        device = training_device(arguments.device, arguments.threads)
        return RitmTask(device, arguments.seed, arguments.side, named_architecture(ARCH))

    train(arguments, task)


if __name__ == "__main__":
    main()
