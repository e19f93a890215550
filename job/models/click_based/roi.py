"""The region of interest (roi) into which zoom-in crops an image (Sofiiuk et al. 2021).

The rules are those of the authors' predictor. Clicks are (row, column) here. Pure functions of numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EXPANSION = 1.4
"""Sides of the roi relative to those of the object, about the object's centre."""
SMALLEST_SIDE = 200
"""Pixels of the image, before the roi is clamped to the image."""
KEEP_OVERLAP = 0.5
"""The previous roi is kept if its overlap with the new one is at least this."""


class Roi(NamedTuple):
    """A rectangle of pixels: first and last row, first and last column, all inclusive."""

    row_min: int
    row_max: int
    column_min: int
    column_max: int

    @classmethod
    def whole(cls, height: int, width: int) -> Roi:
        """Return the roi of a whole image."""
        return cls(0, height - 1, 0, width - 1)

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.row_max - self.row_min + 1

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.column_max - self.column_min + 1

    @property
    def window(self) -> tuple[slice, slice]:
        """The roi as an index into an array's last two axes."""
        return slice(self.row_min, self.row_max + 1), slice(self.column_min, self.column_max + 1)


def object_roi(mask_roi: Roi, positives_N2: NDArray[np.float64], height: int, width: int) -> Roi:
    """Return the roi of an object: the mask's tight roi, extended to the positive clicks, expanded, clamped."""
    rows, columns = positives_N2[:, 0].tolist(), positives_N2[:, 1].tolist()
    row_min, row_max = _expand(min([mask_roi.row_min, *rows]), max([mask_roi.row_max, *rows]), height)
    column_min, column_max = _expand(min([mask_roi.column_min, *columns]), max([mask_roi.column_max, *columns]), width)
    return Roi(row_min, row_max, column_min, column_max)


def kept_roi(old: Roi | None, new: Roi, positives_N2: NDArray[np.float64]) -> Roi:
    """Return `old` if it contains all positive clicks and overlaps `new` enough, else `new`."""
    if old is not None and _contains(old, positives_N2) and _overlap(old, new) >= KEEP_OVERLAP:
        return old
    return new


def _expand(low: int, high: int, length: int) -> tuple[int, int]:
    centre = 0.5 * (low + high)
    side = max(EXPANSION * (high - low + 1), SMALLEST_SIDE)
    return max(0, round(centre - 0.5 * side)), min(length - 1, round(centre + 0.5 * side))


def _contains(roi: Roi, clicks_N2: NDArray[np.float64]) -> bool:
    """Return whether all clicks lie inside the roi. Its last row and column count as outside, as upstream."""
    rows, columns = clicks_N2[:, 0], clicks_N2[:, 1]
    inside = (roi.row_min <= rows) & (rows < roi.row_max) & (roi.column_min <= columns) & (columns < roi.column_max)
    return bool(inside.all())


def _overlap(a: Roi, b: Roi) -> float:
    """Return the IoU of the rows times the IoU of the columns, which upstream uses as the IoU of two rois."""
    return _interval_iou(a[:2], b[:2]) * _interval_iou(a[2:], b[2:])


def _interval_iou(a: tuple[int, int], b: tuple[int, int]) -> float:
    intersection = min(a[1], b[1]) - max(a[0], b[0]) + 1
    return max(0, intersection) / (max(a[1], b[1]) - min(a[0], b[0]) + 1)
