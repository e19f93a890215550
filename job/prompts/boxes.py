"""Boxes: inclusive pixel indices, and the tight box of a mask; masks that cannot be changed.

Without OpenCV and SciPy, so that it loads at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


class Box(NamedTuple):
    """Inclusive pixel indices (x, y), origin top left."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Its pixels from left to right."""
        return self.x1 - self.x0 + 1

    @property
    def height(self) -> int:
        """Its pixels from top to bottom."""
        return self.y1 - self.y0 + 1

    @property
    def window(self) -> tuple[slice, slice]:
        """The box as an index into (H, W)."""
        return slice(self.y0, self.y1 + 1), slice(self.x0, self.x1 + 1)


def tight_box(mask_HW: Mask) -> Box:
    """Return the tight box of a non-empty mask."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]))


def read_only(mask_HW: Mask) -> Mask:
    """Return a view of a mask that cannot be written to, for code of other packages."""
    view_HW = mask_HW.view()
    view_HW.flags.writeable = False
    return view_HW
