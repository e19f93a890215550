"""The outlines of a mask along the edges of its pixels, as polygons and as a path of SVG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FINER = 3
"""Sub-pixels of a pixel: a contour then runs through the first or the last of them, which tells the edge beside it."""


def edges(mask_HW: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return closed polygons of (x, y), int64 (N, 2), a pixel reaching from x to x + 1.

    Each side is horizontal or vertical. Filled by the even-odd rule, they are the mask.
    """
    if not mask_HW.any():
        return []
    x, y, width, height = cv2.boundingRect(mask_HW.astype(np.uint8))
    fine = mask_HW[y : y + height, x : x + width].astype(np.uint8).repeat(FINER, 0).repeat(FINER, 1)
    found, _ = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [_corners(contour[:, 0].astype(np.int64)) + np.array((x, y)) for contour in found]


def path(mask_HW: NDArray[np.bool_]) -> str:
    """Return the outlines of a mask as a path of SVG, one unit a pixel."""
    return "".join(map(_drawn, edges(mask_HW)))


def _corners(fine: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the corners of a contour in whole pixels. fine: in sub-pixels, of which it holds the first or the last."""
    corners: NDArray[np.int64] = (fine + 1) // FINER
    return np.asarray(corners[(corners != np.roll(corners, 1, axis=0)).any(axis=1)])


def _drawn(polygon: NDArray[np.int64]) -> str:
    sides = "".join(f"h{across}" if across else f"v{down}" for across, down in np.diff(polygon, axis=0))
    return f"M{polygon[0, 0]} {polygon[0, 1]}{sides}z"
