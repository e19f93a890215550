"""What the network is shown of one image, where the clicks lie in it, and where its answer belongs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from job.models.protocol import Request
from job.models.ritm.hrnet import enlarge
from job.models.ritm.zoom import Roi


@dataclass(frozen=True, kw_only=True, eq=False)
class RowColumnClicks:
    """One object's clicks in order: (row, column) in pixels of the image, or of a framing's grid, not rounded."""

    rows_columns_N2: NDArray[np.float64]
    positive_N: NDArray[np.bool_]

    @classmethod
    def of(cls, request: Request) -> RowColumnClicks:
        """Turn a request's points from (x, y) to (row, column): here and nowhere else."""
        return cls(rows_columns_N2=request.points_N2[:, ::-1].astype(np.float64), positive_N=request.labels_N == 1)

    def positives(self) -> NDArray[np.float64]:
        """Return the positive ones alone, (P, 2)."""
        return self.rows_columns_N2[self.positive_N]


@dataclass(frozen=True, kw_only=True)
class Framing:
    """One pass over one image of (height, width)."""

    height: int
    width: int
    crop: Roi | None
    """What the network sees, resized; None: the whole image as it is."""
    target: Roi | None
    """Where the answer is pasted, 0 around it; None: it is the image's."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the network's input."""
        return self.crop.network_size if self.crop else (self.height, self.width)

    def show(self, image_CHW: Tensor, previous_HW: Tensor | None) -> Tensor:
        """Give the network's image (4, *size): RGB in [0, 1] from uint8, and the previous probability."""
        rows, columns = self.crop.window if self.crop else (slice(None), slice(None))
        rgb = image_CHW[:, rows, columns].float() / 255
        previous = torch.zeros_like(rgb[:1]) if previous_HW is None else previous_HW[None, rows, columns]
        return enlarge(torch.cat([rgb, previous])[None], self.size)[0]

    def place(self, clicks: RowColumnClicks) -> RowColumnClicks:
        """Give the clicks on the network's grid."""
        if self.crop is None:
            return clicks
        offset = clicks.rows_columns_N2 - (self.crop.row_min, self.crop.column_min)
        placed = np.array(self.size) * offset / (self.crop.height, self.crop.width)
        return RowColumnClicks(rows_columns_N2=placed, positive_N=clicks.positive_N)

    def paste(self, probability: Tensor) -> Tensor:
        """Give the network's answer (*size) at the image's size."""
        if self.target is None:
            return probability
        rows, columns = self.target.window
        pasted = probability.new_zeros(self.height, self.width)
        pasted[rows, columns] = enlarge(probability[None, None], (self.target.height, self.target.width))[0, 0]
        return pasted


def padded(batch: Sequence[RowColumnClicks]) -> NDArray[np.float32]:
    """Lay click lists side by side: (B, 2N, 3) of (row, column, index), N positive, N negative, padded with -1."""
    longest = max(max(clicks.positive_N.sum(), (~clicks.positive_N).sum()) for clicks in batch)
    points = np.full((len(batch), 2, longest, 3), -1, dtype=np.float32)
    for rows, clicks in zip(points, batch, strict=True):
        for half, chosen in zip(rows, (clicks.positive_N, ~clicks.positive_N), strict=True):
            indices = np.flatnonzero(chosen)
            half[: len(indices), :2] = clicks.rows_columns_N2[indices]
            half[: len(indices), 2] = indices
    return points.reshape(len(batch), -1, 3)


def mirrored(points_B2N3: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Flip the columns of all clicks, but not of padding, whose index is below 0."""
    flipped = points_B2N3.copy()
    is_click = points_B2N3[..., 2] >= 0
    flipped[is_click, 1] = width - 1 - points_B2N3[is_click, 1]
    return flipped
