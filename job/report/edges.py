"""The outlines of a mask along the edges of its pixels, as polygons and as a path of SVG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FINER = 3
"""Sub-pixels of a pixel: a contour then runs through the first or the last of them, which tells the edge beside it."""
LARGEST_FINER = 4096
"""Px: side of a mask's tight box beyond which contours run through the middle of pixels, for the sake of memory."""
Polygon = NDArray[np.float64]


def outlines(mask_HW: NDArray[np.bool_]) -> list[Polygon]:
    """Return closed polygons of (x, y), float64 (N, 2), in px of the image, a pixel reaching from x to x + 1.

    Each side is horizontal or vertical. Filled by the even-odd rule, they are the mask; not so of very large ones.
    """
    if not mask_HW.any():
        return []
    x, y, width, height = cv2.boundingRect(mask_HW.astype(np.uint8))
    cut = mask_HW[y : y + height, x : x + width].astype(np.uint8)
    if max(width, height) > LARGEST_FINER:
        return [contour.astype(np.float64) + (x + 0.5, y + 0.5) for contour in _contours(cut)]  # noqa: RUF005
    fine = cut.repeat(FINER, 0).repeat(FINER, 1)
    return [_corners(contour).astype(np.float64) + (x, y) for contour in _contours(fine)]  # noqa: RUF005


def path(mask_HW: NDArray[np.bool_]) -> str:
    """Return the outlines of a mask as a path of SVG, one unit a pixel."""
    return "".join(_drawn(polygon.astype(np.int64)) for polygon in outlines(mask_HW))


def _contours(mask: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    found, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [contour[:, 0].astype(np.int64) for contour in found]


def _corners(fine: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the corners of a contour in whole pixels. fine: in sub-pixels, of which it holds the first or the last."""
    corners: NDArray[np.int64] = (fine + 1) // FINER
    before = np.concatenate([corners[-1:], corners[:-1]])
    return np.asarray(corners[(corners != before).any(axis=1)])


def _drawn(polygon: NDArray[np.int64]) -> str:
    sides = [f"h{across}" if across else f"v{down}" for across, down in np.diff(polygon, axis=0).tolist()]
    return f"M{polygon[0, 0]} {polygon[0, 1]}{''.join(sides)}z"
