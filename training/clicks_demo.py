"""Teach LiteMedSAM clicks on generated objects: python -m training.clicks_demo --minutes 240 --out DIR.

The image encoder stays as it is; a bank of generated images is embedded once. Prompt encoder and mask decoder learn
from points, boxes and fed-back logits, round by round in the error so far, as SAM was trained (Kirillov et al. 2023,
appendix A): the best of three candidates counts, one more mask answers when several prompts say what is meant, and the
IoU head learns what each is worth. Only what was trained is saved.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from job.models import registry
from job.models.device import Device
from job.models.lite_medsam_clicks import ENCODER_SHA256
from job.models.mask_decoding import MaskDecodingModel
from job.prompts.regions import Mask, tight_box
from job.storage import sha256
from job.study.model import LiteMedSam
from training.bank import Bank, build_bank
from training.clicks import ClickList, correct, deepest_click, first_click, overlap
from training.loop import parser, train, training_device
from training.losses import bce_dice, ious
from training.objects import HELD_OUT_SEEDS, TRAIN_SEEDS, choose_object, generator, jittered_box

CLICKS = 5
MOST_ROUNDS = 8
HELD_OUT = 48
CANDIDATES = slice(1, None)
"""The decoder's masks 1 to 3; mask 0 is the single one."""

Example = tuple[NDArray[np.float16], Mask]


@dataclass(frozen=True, kw_only=True)
class BankObjects:
    """A map-style data set for torch's loader: index -> embedding float16 256x64x64, truth_HW bool."""

    bank: Bank
    seed: int

    def __getitem__(self, index: int) -> Example:
        """Draw an object of some image of the bank."""
        rng = generator(self.seed, index)
        image = int(rng.integers(len(self.bank)))
        return self.bank.embeddings[image], choose_object(self.bank.labels[image], rng)


class Decoder(nn.Module):
    """Prompt encoder and mask decoder of LiteMedSAM: what is trained."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.prompt_encoder = network.prompt_encoder
        self.mask_decoder = network.mask_decoder

    def forward(self, embeddings: Tensor, dense: Tensor, sparse: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, 4, 256, 256) and predicted IoUs (B, 4): the single mask first, then the candidates."""
        masks, predicted = self.mask_decoder.predict_masks(
            image_embeddings=torch.zeros_like(embeddings[:1]),  # as `MaskDecodingModel`: each prompt has its own image
            image_pe=self.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=embeddings + dense,
        )
        return masks.float(), predicted.float()


class ClicksTask:
    """Episodes: a first prompt on each object, then clicks in the error; one loss a round."""

    def __init__(self, device: Device, seed: int, decoder: Decoder, bank: Bank, held_out: Bank) -> None:
        self.device = device
        self.seed = seed
        self.network = decoder
        self.images = len(bank)
        self.data: Any = BankObjects(bank=bank, seed=TRAIN_SEEDS + seed)
        self._held_out = [
            (held_out.embeddings[image], held_out.labels[image] == label)
            for image in range(len(held_out))
            for label in np.unique(held_out.labels[image])
            if label and (held_out.labels[image] == label).sum() >= 20
        ][:HELD_OUT]

    def losses(self, batch: Sequence[Example], step: int, progress: float) -> Iterator[Tensor]:
        """Run one episode for the whole batch. All objects have equally many prompts, as in evaluation."""
        rng = generator(self.seed, step)
        self.network.train()
        embeddings, truths = self._embeddings(batch), [truth for _, truth in batch]
        truth = torch.from_numpy(np.stack(truths)).to(self.device.device)[:, None]
        roll, feedback, chooser = rng.random(), rng.random() < 0.5, int(rng.integers(3))
        boxes = np.stack([jittered_box(truth_HW, rng) for truth_HW in truths]) if roll < 0.4 else None
        clicks = [ClickList() if boxes is not None else first_click(truth_HW, rng) for truth_HW in truths]
        if 0.4 <= roll < 0.5:
            for truth_HW, points in zip(truths, clicks, strict=True):
                points.add(*first_click(truth_HW, rng).points[0], positive=True)
        rounds = int(rng.integers(1, 4 if boxes is not None else MOST_ROUNDS + 1))
        memory = None
        for _ in range(rounds):
            logits, predicted = self._decode(self.network, embeddings, clicks, boxes, memory)
            unambiguous = boxes is not None or len(clicks[0].points) > 1
            yield _loss(logits, predicted, truth, unambiguous=unambiguous)
            shown = _choose(logits.detach(), predicted.detach(), truth, chooser, single=feedback and unambiguous)
            memory = shown[:, None] if feedback else None
            for points, truth_HW, mask_HW in zip(clicks, truths, (shown > 0).cpu().numpy(), strict=True):
                before = len(points.points)
                correct(points, truth_HW, mask_HW, rng)
                if len(points.points) == before:  # nothing is wrong; the batch keeps its shape
                    points.add(*first_click(truth_HW, rng).points[0], positive=True)

    @property
    def origin(self) -> Mapping[str, str | int]:
        """The weights belong to the image encoder of this file."""
        packaged = sha256(registry.lite_medsam_checkpoint())
        return {"model": "lite_medsam_clicks", "seed": self.seed, "images": self.images, ENCODER_SHA256: packaged}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """IoU of the candidate ranked highest, after each click into the deepest error; and with boxes."""
        scores = np.zeros((CLICKS + 2, len(self._held_out)))
        for start in range(0, len(self._held_out), 8):
            some = self._held_out[start : start + 8]
            members = slice(start, start + len(some))
            embeddings, truths = self._embeddings(some), [truth for _, truth in some]
            truth = torch.from_numpy(np.stack(truths)).to(self.device.device)[:, None]
            boxes = np.array([tight_box(truth_HW) for truth_HW in truths], dtype=np.float32)
            boxed, _ = self._decode(network, embeddings, [ClickList() for _ in some], boxes, None)
            scores[CLICKS, members] = ious(boxed[:, :1], truth)[:, 0].cpu().numpy()
            clicks = [deepest_click(truth_HW) for truth_HW in truths]
            for click in range(CLICKS):
                logits, predicted = self._decode(network, embeddings, clicks, None, None)
                if click == 0:
                    scores[CLICKS + 1, members] = ious(logits[:, CANDIDATES], truth).amax(dim=1).cpu().numpy()
                masks = (_choose(logits, predicted, truth, SCORE, single=False) > 0).cpu().numpy()
                scores[click, members] = [overlap(*pair) for pair in zip(masks, truths, strict=True)]
                for points, truth_HW, mask_HW in zip(clicks, truths, masks, strict=True):
                    before = len(points.points)
                    correct(points, truth_HW, mask_HW, None)
                    if len(points.points) == before:
                        points.add(*points.points[0], positive=True)
        found_ious = {f"iou_{click}": float(scores[click - 1].mean()) for click in (1, 3, 5)}
        return found_ious | {"iou_box": float(scores[CLICKS].mean()), "oracle_1": float(scores[CLICKS + 1].mean())}

    def shipped(self, network: nn.Module) -> Mapping[str, Tensor]:
        """The trained parameters, by their names in LiteMedSAM's checkpoint; all else is as in the package."""
        return {name: parameter.detach() for name, parameter in network.named_parameters()}

    def _embeddings(self, examples: Sequence[Example]) -> Tensor:
        stacked = torch.from_numpy(np.stack([embedding for embedding, _ in examples]))
        return stacked.to(self.device.device).float()

    def _decode(
        self,
        network: nn.Module,
        embeddings: Tensor,
        clicks: Sequence[ClickList],
        boxes: NDArray[np.float32] | None,
        memory: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        where = self.device.device
        points = None
        if clicks[0].points:
            coords = torch.from_numpy(np.stack([points.points_xy for points in clicks])).to(where)
            points = (coords, torch.from_numpy(np.stack([points.signs for points in clicks])).to(where))
        given = None if boxes is None else torch.from_numpy(boxes).to(where)
        encoder: Any = network.prompt_encoder
        sparse, dense = encoder(points=points, boxes=given, masks=memory)
        with self.device.autocasting():
            logits, predicted = network(embeddings, dense, sparse)
        return logits, predicted


FIRST, SCORE, ORACLE = range(3)


def _choose(logits: Tensor, predicted: Tensor, truth: Tensor, chooser: int, *, single: bool) -> Tensor:
    """Take one mask (B, 256, 256) of each four, as the mask choices of a study do."""
    if single:
        return logits[:, 0]
    candidates = logits[:, CANDIDATES]
    if chooser == FIRST:
        return candidates[:, 0]
    ranks = predicted[:, CANDIDATES] if chooser == SCORE else ious(candidates, truth)
    return candidates[torch.arange(len(candidates), device=candidates.device), ranks.argmax(dim=1)]


def _loss(logits: Tensor, predicted: Tensor, truth: Tensor, *, unambiguous: bool) -> Tensor:
    """Best candidate, single mask and IoU head. unambiguous: the prompts determine the object, so all masks agree.

    Some of the mean over the candidates is added, for a study may take the first of them, whichever is best.
    """
    each = bce_dice(logits, truth)
    best, mean = each[:, CANDIDATES].amin(dim=1), each[:, CANDIDATES].mean(dim=1)
    masks = best + (0.5 if unambiguous else 0.15) * mean + (1.0 if unambiguous else 0.3) * each[:, 0]
    ranking = (predicted - ious(logits, truth)).square().mean(dim=1)
    return (masks + ranking).mean()


def lite_medsam(device: Device) -> MaskDecodingModel:
    """Load LiteMedSAM as it comes with its package."""
    spec = LiteMedSam(name="lite_medsam", family="lite_medsam")
    precision = "bf16" if device.autocast is torch.bfloat16 else "fp32"
    model = registry.build(spec, registry.lite_medsam_checkpoint(), device.device, precision)
    if not isinstance(model, MaskDecodingModel):
        raise TypeError(f"expected a model with a mask decoder, got {type(model).__name__}")
    return model


def main() -> None:
    """Embed the bank, then train."""
    command = parser(str(__doc__), batch=4, rate=2e-4)
    command.add_argument("--images", type=int, default=2000, help="in the bank, 2 MB each on disk")
    command.add_argument("--bank", type=Path, help="its folder; unstated: `bank` in --out")
    arguments = command.parse_args()

    def task() -> ClicksTask:
        device = training_device(arguments.device, arguments.threads)
        model = lite_medsam(device)
        folder = arguments.bank or arguments.out / "bank"
        encoder = sha256(registry.lite_medsam_checkpoint())
        held_out = build_bank(folder, model, encoder, HELD_OUT_SEEDS + arguments.seed, HELD_OUT)
        bank = build_bank(folder, model, encoder, TRAIN_SEEDS + arguments.seed, arguments.images)
        return ClicksTask(device, arguments.seed, Decoder(copy.deepcopy(model.network)), bank, held_out)

    train(arguments, task)


if __name__ == "__main__":
    main()
