"""Smooth random fields over one slice, which change gradually from slice to slice."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

SLICE_STEP = 0.22
"""Radians between the angles at which neighbouring slices mix two fields. Its cosine is their correlation."""


class Cut:
    """One slice through a patient: its coordinates, and random fields from the patient's generator.

    All slices make the same draws in the same order, and differ only in how they mix them. Coordinates run from -1 to 1
    across the slice.
    """

    def __init__(self, rng: np.random.Generator, side: int, slice_: int) -> None:
        self.rng = rng
        self.side = side
        self.angle = SLICE_STEP * slice_
        axis = np.linspace(-1, 1, side, dtype=np.float32)
        self.x_HW: Field = np.broadcast_to(axis[None, :], (side, side))
        self.y_HW: Field = np.broadcast_to(axis[:, None], (side, side))

    def chance(self, probability: float) -> bool:
        """Draw True with the given probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Draw uniformly from low to high."""
        return float(self.rng.uniform(low, high))

    def scale_between(self, low: float, high: float) -> float:
        """Draw from low to high, uniformly in the logarithm."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def drift(self, amount: float) -> float:
        """Draw a shift of at most `amount`, either way, that changes slowly from slice to slice."""
        first, second = self.rng.normal(size=2)
        return float(amount * np.tanh(np.cos(self.angle) * first + np.sin(self.angle) * second))

    def smooth(self, cells: float) -> Field:
        """Draw a field HxW of mean about 0 and standard deviation about 1. A bump spans 1 / `cells` of the side."""
        count = int(np.ceil(cells)) + 3
        first, second = self.rng.standard_normal((2, count, count), dtype=np.float32)
        coarse = np.cos(self.angle) * first + np.sin(self.angle) * second
        if count >= self.side:
            return np.ascontiguousarray(coarse[: self.side, : self.side])
        scale = self.side / (count - 3)
        enlarged = cv2.resize(coarse, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        start = int(1.5 * scale)
        return np.ascontiguousarray(enlarged[start : start + self.side, start : start + self.side]) * np.float32(1.4)


def blur(field: Field, sigma: float) -> Field:
    """Blur by a Gaussian of `sigma` px; do nothing below 0.2 px."""
    return field if sigma < 0.2 else np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), dtype=np.float32)
