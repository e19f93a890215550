"""Train LiteMedSAM to use clicks, on generated objects: python -m training.clicks_demo --minutes 240 --out DIR.

The image encoder is frozen; it embeds a bank of generated images once. Prompt encoder and mask decoder are trained on
points, boxes and mask inputs, as SAM was (Kirillov et al. 2023, appendix A). Each round adds a click in the error of
the last mask. The loss counts mainly the best of three candidates. The single mask counts mainly when the prompts
determine the object. The IoU head learns to predict the IoU of each mask. Only the trained parameters are saved.
"""

from __future__ import annotations

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
from job.models.families.lite_medsam import LiteMedSam
from job.models.known_weights import lite_medsam_checkpoint
from job.models.lite_medsam_clicks import ENCODER_SHA256
from job.models.mask_decoding import MaskDecodingModel
from job.prompts.boxes import Mask, tight_box
from job.storage import sha256
from training.bank import Bank, build_bank
from training.clicks import ClickList, correct, deepest_click, first_click, overlap
from training.loop import parser, train, training_device
from training.losses import bce_dice, ious
from training.objects import HELD_OUT_SEEDS, TRAIN_SEEDS, choose_object, generator, jittered_box

CLICKS = 5
MOST_ROUNDS = 8
HELD_OUT = 48
CANDIDATES = slice(1, None)
"""The decoder's masks 1 to 3. Mask 0 is the single mask."""

Example = tuple[NDArray[np.float16], Mask]


@dataclass(frozen=True, kw_only=True)
class BankObjects:
    """A map-style data set for torch's loader. Index -> embedding, float16 256x64x64; truth_HW, bool 256x256."""

    bank: Bank
    seed: int

    def __getitem__(self, index: int) -> Example:
        """Return a random object of a random image of the bank."""
        rng = generator(self.seed, index)
        image = int(rng.integers(len(self.bank)))
        return self.bank.embeddings[image], choose_object(self.bank.labels[image], rng)


class Decoder(nn.Module):
    """The trained modules: prompt encoder and mask decoder of LiteMedSAM."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.prompt_encoder = network.prompt_encoder
        self.mask_decoder = network.mask_decoder

    def forward(self, embeddings: Tensor, dense: Tensor, sparse: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, 4, 256, 256) and predicted IoUs (B, 4): the single mask first, then the candidates."""
        # As in `MaskDecodingModel`: each prompt has its own image, so embeddings are added to the dense prompts.
        masks, predicted = self.mask_decoder.predict_masks(
            image_embeddings=torch.zeros_like(embeddings[:1]),
            image_pe=self.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=embeddings + dense,
        )
        return masks.float(), predicted.float()


class ClicksTask:
    """Episodes of a first prompt on each object, then clicks in the error, with one loss for each round."""

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
        """Run one episode for the whole batch. All objects have the same number of prompts, as in evaluation."""
        rng = generator(self.seed, step)
        self.network.train()
        embeddings, truths = self._embeddings(batch), [truth for _, truth in batch]
        truth = torch.from_numpy(np.stack(truths)).to(self.device.device)[:, None]
        roll, feed_back, choice = rng.random(), rng.random() < 0.5, int(rng.integers(3))
        boxes = np.stack([jittered_box(truth_HW, rng) for truth_HW in truths]) if roll < 0.4 else None
        clicks = [ClickList() if boxes is not None else first_click(truth_HW, rng) for truth_HW in truths]
        if 0.4 <= roll < 0.5:
            for truth_HW, points in zip(truths, clicks, strict=True):
                points.add(*first_click(truth_HW, rng).points[0], positive=True)
        rounds = int(rng.integers(1, 4 if boxes is not None else MOST_ROUNDS + 1))
        mask_inputs = None
        for _ in range(rounds):
            logits, predicted = self._decode(self.network, embeddings, clicks, boxes, mask_inputs)
            unambiguous = boxes is not None or len(clicks[0].points) > 1
            yield _loss(logits, predicted, truth, unambiguous=unambiguous)
            chosen = _choose(logits.detach(), predicted.detach(), truth, choice, single=feed_back and unambiguous)
            mask_inputs = chosen[:, None] if feed_back else None
            for points, truth_HW, mask_HW in zip(clicks, truths, (chosen > 0).cpu().numpy(), strict=True):
                before = len(points.points)
                correct(points, truth_HW, mask_HW, rng)
                if len(points.points) == before:  # the mask has no error; the batch must keep its shape
                    points.add(*first_click(truth_HW, rng).points[0], positive=True)

    @property
    def origin(self) -> Mapping[str, str | int]:
        """Model, seed, number of images, and the sha256 of the checkpoint whose image encoder the weights need."""
        encoder = sha256(lite_medsam_checkpoint())
        return {"model": "lite_medsam_clicks", "seed": self.seed, "images": self.images, ENCODER_SHA256: encoder}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Return mean IoUs on the held-out objects.

        iou_N: of the candidate with the highest predicted IoU, after N clicks in the deepest error. iou_box: of the
        single mask for a tight box. oracle_1: of the best candidate after one click.
        """
        scores = np.zeros((CLICKS + 2, len(self._held_out)))
        for start in range(0, len(self._held_out), 8):
            examples = self._held_out[start : start + 8]
            members = slice(start, start + len(examples))
            embeddings, truths = self._embeddings(examples), [truth for _, truth in examples]
            truth = torch.from_numpy(np.stack(truths)).to(self.device.device)[:, None]
            boxes = np.array([tight_box(truth_HW) for truth_HW in truths], dtype=np.float32)
            boxed, _ = self._decode(network, embeddings, [ClickList() for _ in examples], boxes, None)
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
        by_clicks = {f"iou_{click}": float(scores[click - 1].mean()) for click in (1, 3, 5)}
        return by_clicks | {"iou_box": float(scores[CLICKS].mean()), "oracle_1": float(scores[CLICKS + 1].mean())}

    def shipped(self, network: nn.Module) -> Mapping[str, Tensor]:
        """Return the trained parameters by their names in LiteMedSAM's checkpoint, which has all others."""
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
        mask_inputs: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        device = self.device.device
        points = None
        if clicks[0].points:
            coords = torch.from_numpy(np.stack([points.points_xy for points in clicks])).to(device)
            points = (coords, torch.from_numpy(np.stack([points.signs for points in clicks])).to(device))
        box_tensor = None if boxes is None else torch.from_numpy(boxes).to(device)
        encoder: Any = network.prompt_encoder
        sparse, dense = encoder(points=points, boxes=box_tensor, masks=mask_inputs)
        with self.device.autocasting():
            logits, predicted = network(embeddings, dense, sparse)
        return logits, predicted


FIRST, SCORE, ORACLE = range(3)


def _choose(logits: Tensor, predicted: Tensor, truth: Tensor, choice: int, *, single: bool) -> Tensor:
    """Return one of the four masks of each object, (B, 256, 256). choice: FIRST, SCORE or ORACLE, as in a study."""
    if single:
        return logits[:, 0]
    candidates = logits[:, CANDIDATES]
    if choice == FIRST:
        return candidates[:, 0]
    ranks = predicted[:, CANDIDATES] if choice == SCORE else ious(candidates, truth)
    return candidates[torch.arange(len(candidates), device=candidates.device), ranks.argmax(dim=1)]


def _loss(logits: Tensor, predicted: Tensor, truth: Tensor, *, unambiguous: bool) -> Tensor:
    """Return the loss of best candidate, single mask and IoU head.

    A share of the mean over the candidates is added, because a study may take the first candidate even if it is not the
    best. unambiguous: whether the prompts determine the object, so that all masks should agree.
    """
    each = bce_dice(logits, truth)
    best, mean = each[:, CANDIDATES].amin(dim=1), each[:, CANDIDATES].mean(dim=1)
    masks = best + (0.5 if unambiguous else 0.15) * mean + (1.0 if unambiguous else 0.3) * each[:, 0]
    ranking = (predicted - ious(logits, truth)).square().mean(dim=1)
    return (masks + ranking).mean()


def lite_medsam(device: Device) -> MaskDecodingModel:
    """Return LiteMedSAM with the weights of its package."""
    spec = LiteMedSam(name="lite_medsam", family="lite_medsam")
    precision = "bf16" if device.autocast is torch.bfloat16 else "fp32"
    model = registry.build(spec, lite_medsam_checkpoint(), device.device, precision)
    if not isinstance(model, MaskDecodingModel):
        raise TypeError(f"expected a model with a mask decoder, got {type(model).__name__}")
    return model


def main() -> None:
    """Embed the images, then train."""
    command = parser(str(__doc__), batch=4, rate=2e-4)
    command.add_argument("--images", type=int, default=2000, help="number of images in the bank, 2 MB each on disk")
    command.add_argument("--bank", type=Path, help="folder of the bank; by default `bank` in --out")
    arguments = command.parse_args()

    def task() -> ClicksTask:
        device = training_device(arguments.device, arguments.threads)
        model = lite_medsam(device)
        folder = arguments.bank or arguments.out / "bank"
        encoder = sha256(lite_medsam_checkpoint())
        held_out = build_bank(folder, model, encoder, HELD_OUT_SEEDS + arguments.seed, HELD_OUT)
        bank = build_bank(folder, model, encoder, TRAIN_SEEDS + arguments.seed, arguments.images)
        trained = lite_medsam(Device(device=device.device))  # in float32, while the encoder's weights may be cast
        return ClicksTask(device, arguments.seed, Decoder(trained.network), bank, held_out)

    train(arguments, task)


if __name__ == "__main__":
    main()
