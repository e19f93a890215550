"""Conversion between an image and the network's input: image, clicks and probability of one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from job.models.click_based.roi import Roi
from job.models.click_based.sampling import Line
from job.models.protocol import Request


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

    size: rows and columns of the network's input. crop: the roi that the network sees, resized to that size; None: the
    whole image at its own size. target: the roi into which the network's output is resized, with zeros around it; None:
    the output is the image's.
    """

    height: int
    width: int
    size: tuple[int, int]
    crop: Roi | None
    target: Roi | None

    @classmethod
    def unscaled(cls, height: int, width: int, target: Roi | None) -> Framing:
        """Return the framing of a whole image at its own size."""
        return cls(height=height, width=width, size=(height, width), crop=None, target=target)

    @classmethod
    def of_roi(cls, height: int, width: int, roi: Roi, size: tuple[int, int]) -> Framing:
        """Return the framing of a roi, resized to `size` and back."""
        return cls(height=height, width=width, size=size, crop=roi, target=roi)

    @property
    def is_whole(self) -> bool:
        """Whether the network's input and output are the whole image at its own size."""
        return self.crop is None and self.target is None

    def input_lines(self, *, mirrored: bool) -> tuple[Line, Line]:
        """Return the rows and columns of the network's input, sampled from the image."""
        top, left = (self.crop.row_min, self.crop.column_min) if self.crop else (0, 0)
        height, width = (self.crop.height, self.crop.width) if self.crop else (self.height, self.width)
        return Line(0, self.size[0], top, height), Line(0, self.size[1], left, width, mirrored)

    def output_lines(self) -> tuple[Line, Line]:
        """Return the rows and columns of the image, sampled from the network's output."""
        top, left = (self.target.row_min, self.target.column_min) if self.target else (0, 0)
        height, width = (self.target.height, self.target.width) if self.target else (self.height, self.width)
        return Line(top, height, 0, self.size[0]), Line(left, width, 0, self.size[1])

    def network_clicks(self, clicks: RowColumnClicks) -> RowColumnClicks:
        """Return the clicks in pixels of the network's input."""
        if self.crop is None:
            return clicks
        offset = clicks.rows_columns_N2 - (self.crop.row_min, self.crop.column_min)
        scaled = np.array(self.size) * offset / (self.crop.height, self.crop.width)
        return RowColumnClicks(rows_columns_N2=scaled, positive_N=clicks.positive_N)


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


def mirrored(points_B2N3: NDArray[np.float32], widths_B: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mirror the columns of all clicks in inputs of these widths; padding, whose index is below 0, stays."""
    columns_B2N = np.where(points_B2N3[..., 2] < 0, points_B2N3[..., 1], widths_B[:, None] - 1 - points_B2N3[..., 1])
    return np.stack([points_B2N3[..., 0], columns_B2N, points_B2N3[..., 2]], axis=2).astype(np.float32)
