"""Conversion between an image and the network's input: image, clicks and probability of one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from job.models.protocol import Request
from job.models.ritm.extent import resize
from job.models.ritm.zoom import Roi


@dataclass(frozen=True, kw_only=True, eq=False)
class RowColumnClicks:
    """The clicks on one object in order: (row, column) in pixels of the image or the network's input, not rounded."""

    rows_columns_N2: NDArray[np.float64]
    positive_N: NDArray[np.bool_]

    @classmethod
    def of(cls, request: Request) -> RowColumnClicks:
        """Convert a request's points from (x, y) to (row, column). No other code does."""
        return cls(rows_columns_N2=request.points_N2[:, ::-1].astype(np.float64), positive_N=request.labels_N == 1)

    def positives(self) -> NDArray[np.float64]:
        """Return the positive clicks, (P, 2)."""
        return self.rows_columns_N2[self.positive_N]


@dataclass(frozen=True, kw_only=True)
class Framing:
    """One pass of the network over one image of (height, width).

    crop: the roi that the network sees, resized; None: the whole image at its own size. target: the roi into which the
    network's output is resized, with zeros around it; None: the output is the image's.
    """

    height: int
    width: int
    crop: Roi | None
    target: Roi | None

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the network's input."""
        return self.crop.network_size if self.crop else (self.height, self.width)

    def network_image(self, image_CHW: Tensor, previous_HW: Tensor | None) -> Tensor:
        """Return the network's image (4, *size): RGB in [0, 1] from uint8, and the previous mask's probability."""
        rows, columns = self.crop.window if self.crop else (slice(None), slice(None))
        rgb = image_CHW[:, rows, columns].float() / 255
        previous = torch.zeros_like(rgb[:1]) if previous_HW is None else previous_HW[None, rows, columns]
        return resize(torch.cat([rgb, previous])[None], self.size)[0]

    def network_clicks(self, clicks: RowColumnClicks) -> RowColumnClicks:
        """Return the clicks in pixels of the network's input."""
        if self.crop is None:
            return clicks
        offset = clicks.rows_columns_N2 - (self.crop.row_min, self.crop.column_min)
        scaled = np.array(self.size) * offset / (self.crop.height, self.crop.width)
        return RowColumnClicks(rows_columns_N2=scaled, positive_N=clicks.positive_N)

    def image_probability(self, probability: Tensor) -> Tensor:
        """Return the network's probability (*size) at the image's size (H, W)."""
        if self.target is None:
            return probability
        rows, columns = self.target.window
        probability_HW = probability.new_zeros(self.height, self.width)
        probability_HW[rows, columns] = resize(probability[None, None], (self.target.height, self.target.width))[0, 0]
        return probability_HW


def padded(batch: Sequence[RowColumnClicks]) -> NDArray[np.float32]:
    """Stack click lists: (B, 2N, 3) of (row, column, index), N positive, then N negative, padded with -1."""
    longest = max(max(clicks.positive_N.sum(), (~clicks.positive_N).sum()) for clicks in batch)
    points = np.full((len(batch), 2, longest, 3), -1, dtype=np.float32)
    for halves, clicks in zip(points, batch, strict=True):
        for half, is_member in zip(halves, (clicks.positive_N, ~clicks.positive_N), strict=True):
            indices = np.flatnonzero(is_member)
            half[: len(indices), :2] = clicks.rows_columns_N2[indices]
            half[: len(indices), 2] = indices
    return points.reshape(len(batch), -1, 3)


def mirrored(points_B2N3: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Mirror the columns of all clicks in an input of `width`; padding, whose index is below 0, stays."""
    flipped = points_B2N3.copy()
    is_click = points_B2N3[..., 2] >= 0
    flipped[is_click, 1] = width - 1 - points_B2N3[is_click, 1]
    return flipped
