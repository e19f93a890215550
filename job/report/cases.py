"""Single cases as plain data that pictures show: an image with its truth, and what each model made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from job.report.sheet import Corners

MARGIN_PX, MARGIN_SHARE = 12, 0.4
"""How much of the image is shown around an object: at least so many px, and this share of its longer side."""
FEWEST_PX = 48
"""Px: the shortest side of what is shown, so that a small object keeps its surroundings."""


class Click(NamedTuple):
    """A click that a model was given, in the pixel (x, y)."""

    x: int
    y: int
    positive: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Predicted:
    """One model's mask of an object. mask_HW: bool. clicks: in order. boxes: inclusive pixels. named: by the query."""

    title: str
    facts: tuple[str, ...]
    mask_HW: NDArray[np.bool_]
    clicks: tuple[Click, ...] = ()
    boxes: tuple[Corners, ...] = ()
    named: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One object. pixels_HWC: uint8, RGB; None where the image cannot be shown. facts: the last may say why."""

    title: str
    facts: tuple[str, ...]
    truth_HW: NDArray[np.bool_]
    pixels_HWC: NDArray[np.uint8] | None
    predictions: tuple[Predicted, ...]

    @property
    def window(self) -> Corners:
        """The part of the image to show, as inclusive pixels: a square around truth and clicks, cut at the border."""
        return window(self.truth_HW, [(click.x, click.y) for item in self.predictions for click in item.clicks])

    @property
    def shown(self) -> NDArray[np.uint8]:
        """The pixels, uint8 HxWx3; where there are none, the truth in grey on black."""
        if self.pixels_HWC is not None:
            return self.pixels_HWC
        return np.repeat(np.where(self.truth_HW, 96, 24).astype(np.uint8)[..., None], 3, axis=2)


def window(truth_HW: NDArray[np.bool_], points: list[tuple[int, int]]) -> Corners:
    """Return a square around an object and points (x, y), cut at the image's border, as inclusive pixels."""
    height, width = truth_HW.shape
    x, y, across, down = cv2.boundingRect(truth_HW.astype(np.uint8))
    margin = max(MARGIN_PX, round(MARGIN_SHARE * max(across, down)))
    xs = [x - margin, x + across - 1 + margin, *(place[0] for place in points)]
    ys = [y - margin, y + down - 1 + margin, *(place[1] for place in points)]
    side = max(FEWEST_PX, max(xs) - min(xs) + 1, max(ys) - min(ys) + 1)
    x0, x1 = _span(min(xs), max(xs), side, width)
    y0, y1 = _span(min(ys), max(ys), side, height)
    return x0, y0, x1, y1


def _span(low: int, high: int, length: int, size: int) -> tuple[int, int]:
    """Return the first and last px of a span of this length around another, moved and cut to fit into 0 to size."""
    start = max(0, min((low + high + 1 - length) // 2, size - length))
    return start, min(size, start + length) - 1
