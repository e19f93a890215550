"""Training examples from the generator: one object of one image. An index determines its example."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from job.datasets.generated import SIDE
from job.datasets.generated.generate import generate
from job.prompts.boxes import Mask, tight_box
from job.prompts.regions import components

TRAIN_SEEDS, HELD_OUT_SEEDS = 1_000_000, 2_000_000
"""Added to `--seed` to get the generator's seeds for training and for the curves. Studies use small seeds."""
CROPS_OF_ONE_IMAGE = 2
SMALLEST_PX = 20
MAGNIFICATION = (0.75, 2.2)
"""RITM sees an image at its own size, and at about twice that size when it zooms in."""


@dataclass(frozen=True, kw_only=True)
class ObjectCrops:
    """A map-style data set for torch's loader. Index -> image_HWC, uint8 RGB; truth_HW, bool; both side x side px."""

    seed: int
    side: int

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], Mask]:
        """Return crop `index`."""
        image_HW, labels_HW = generate(self.seed, index // CROPS_OF_ONE_IMAGE, 0)
        rng = generator(self.seed, index)
        crop_HW, truth_HW = _crop(image_HW, choose_object(labels_HW, rng), self.side, rng)
        seen_HW = _relit(crop_HW, rng)
        return np.repeat(seen_HW[..., None], 3, axis=-1), truth_HW


def generator(*identity: int) -> np.random.Generator:
    """Return a random generator that depends only on these numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(identity)))


def choose_object(labels_HW: NDArray[np.uint8], rng: np.random.Generator) -> Mask:
    """Return a random label's object: mostly whole, as in a study, else one component, or two labels joined."""
    labels = [int(label) for label in np.unique(labels_HW) if label]
    label, roll = labels[int(rng.integers(len(labels)))], rng.random()
    if roll < 0.1:
        return np.isin(labels_HW, [label, labels[int(rng.integers(len(labels)))]])
    truth_HW = np.asarray(labels_HW == label)
    if roll < 0.35:
        large = [component for component in components(truth_HW) if component.sum() >= SMALLEST_PX]
        return large[int(rng.integers(len(large)))] if large else truth_HW
    return truth_HW


def _crop(
    image_HW: NDArray[np.uint8], truth_HW: Mask, side: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Mask]:
    """Return a square crop around a random pixel of the object, rotated and mirrored at random.

    If the crop has too few pixels of the object, the whole image is taken.
    """
    magnified = np.exp(rng.uniform(*np.log(MAGNIFICATION)))
    rows, columns = np.nonzero(truth_HW)
    chosen = int(rng.integers(len(rows)))
    shift_y, shift_x = rng.uniform(0.15, 0.85, 2)
    turns, mirror = int(rng.integers(4)), rng.random() < 0.5
    for width in (min(SIDE, round(side / magnified)), SIDE):
        top = int(np.clip(rows[chosen] - shift_y * width, 0, SIDE - width))
        left = int(np.clip(columns[chosen] - shift_x * width, 0, SIDE - width))
        window = np.s_[top : top + width, left : left + width]
        truth = cv2.resize(truth_HW[window].astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
        if truth.sum() >= SMALLEST_PX:
            break
    image = cv2.resize(image_HW[window], (side, side), interpolation=cv2.INTER_LINEAR)
    image, truth = np.rot90(image, turns), np.rot90(truth, turns)
    if mirror:
        image, truth = image[:, ::-1], truth[:, ::-1]
    if not truth.any():
        truth = np.zeros_like(truth)
        truth[side // 2 - 2 : side // 2 + 2, side // 2 - 2 : side // 2 + 2] = 1
    return np.ascontiguousarray(image), np.ascontiguousarray(truth.astype(bool))


def _relit(image_HW: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change brightness and contrast a little, and invert a tenth of the images."""
    values = image_HW.astype(np.float32) * rng.uniform(0.7, 1.3) + rng.uniform(-25, 25)
    inverted = 255 - values if rng.random() < 0.1 else values
    lit: NDArray[np.uint8] = np.clip(inverted, 0, 255).astype(np.uint8)
    return lit


def jittered_box(truth_HW: Mask, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a box x0, y0, x1, y1: tight in half of the cases, else each side off by up to a tenth of its length."""
    box = np.array(tight_box(truth_HW), dtype=np.float32)
    if rng.random() < 0.5:
        return box
    length = np.tile(box[2:] - box[:2] + 1, 2)
    moved = box + rng.uniform(-0.1, 0.1, 4) * np.minimum(length, 100)
    return np.clip(moved, 0, max(truth_HW.shape) - 1).astype(np.float32)
