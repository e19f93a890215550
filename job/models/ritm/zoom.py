"""Where RITM looks: from the second click on, at the object found so far (Sofiiuk et al. 2021, "zoom-in").

The rules are the authors' own, as their predictor runs them. Clicks are (row, column) here. Pure: numbers only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EXPANSION = 1.4
"""How much wider than the object the roi is, about its centre."""
SMALLEST_SIDE = 200
"""Pixels of the image, before the roi is cut at the image's border."""
LONGER_SIDE = 400
"""Pixels of the network's input."""
KEEP_OVERLAP = 0.5
"""A roi stays while its overlap with the newest one is at least this."""


class Roi(NamedTuple):
    """Inclusive pixel indices."""

    row_min: int
    row_max: int
    column_min: int
    column_max: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.row_max - self.row_min + 1

    @property
    def width(self) -> int:
        """Columns."""
        return self.column_max - self.column_min + 1

    @property
    def window(self) -> tuple[slice, slice]:
        """The same as an index of an array's last two axes."""
        return slice(self.row_min, self.row_max + 1), slice(self.column_min, self.column_max + 1)

    @property
    def network_size(self) -> tuple[int, int]:
        """Rows and columns at which the network sees this roi; Python's `round`, as upstream."""
        scale = LONGER_SIDE / max(self.height, self.width)
        return max(1, round(self.height * scale)), max(1, round(self.width * scale))


def object_roi(found: Roi, positives_N2: NDArray[np.float64], height: int, width: int) -> Roi:
    """Return the roi to look at: the mask's tight roi `found` with the positive clicks set in it, expanded, clamped."""
    rows, columns = positives_N2[:, 0].tolist(), positives_N2[:, 1].tolist()
    row_min, row_max = _expanded(min([found.row_min, *rows]), max([found.row_max, *rows]), height)
    column_min, column_max = _expanded(min([found.column_min, *columns]), max([found.column_max, *columns]), width)
    return Roi(row_min, row_max, column_min, column_max)


def kept_roi(old: Roi | None, new: Roi, positives_N2: NDArray[np.float64]) -> Roi:
    """Return `old` while it holds all positive clicks and overlaps `new`, else `new`."""
    if old is not None and _holds(old, positives_N2) and _overlap(old, new) >= KEEP_OVERLAP:
        return old
    return new


def _expanded(low: int, high: int, length: int) -> tuple[int, int]:
    centre = 0.5 * (low + high)
    side = max(EXPANSION * (high - low + 1), SMALLEST_SIDE)
    return max(0, round(centre - 0.5 * side)), min(length - 1, round(centre + 0.5 * side))


def _holds(roi: Roi, positives_N2: NDArray[np.float64]) -> bool:
    """Whether each click lies inside; the last row and the last column count as outside, as upstream."""
    rows, columns = positives_N2[:, 0], positives_N2[:, 1]
    inside = (roi.row_min <= rows) & (rows < roi.row_max) & (roi.column_min <= columns) & (columns < roi.column_max)
    return bool(inside.all())


def _overlap(a: Roi, b: Roi) -> float:
    """Return the product of the rows' and the columns' IoU, which is what upstream takes for the IoU of two rois."""
    return _segment_iou(a[:2], b[:2]) * _segment_iou(a[2:], b[2:])


def _segment_iou(a: tuple[int, int], b: tuple[int, int]) -> float:
    intersection = min(a[1], b[1]) - max(a[0], b[0]) + 1
    return max(0, intersection) / (max(a[1], b[1]) - min(a[0], b[0]) + 1)
