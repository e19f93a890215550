"""Components, boxes and depths of binary regions, as computed by the published code and by RITM's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Padded = NDArray[np.uint8]
"""The region within its tight box, padded by one pixel: 1 inside the region, 0 outside."""

EIGHT_CONNECTED = np.ones((3, 3), dtype=bool)
LARGEST_EXACT_IN_FLOAT32 = 1000  # px; above it, squares of cv2's float32 distances may round to the wrong integer


def components(mask_HW: Mask, most: int | None = None) -> list[Mask]:
    """Split a mask into 8-connected components, largest first; of equal areas, the later in row-major order first.

    Each component is bool (H, W). most: the maximum number to return; all specks of a mask could fill the memory.
    """
    labels_HW, count = ndimage.label(mask_HW, structure=EIGHT_CONNECTED)
    areas = np.bincount(labels_HW.ravel(), minlength=count + 1)[1:]
    labels = np.arange(1, count + 1)
    largest_first = labels[np.lexsort((-labels, -areas))]
    return [labels_HW == label for label in largest_first[:most]]


def count_components(mask_HW: Mask) -> int:
    """Count the 8-connected components of a mask."""
    return int(ndimage.label(mask_HW, structure=EIGHT_CONNECTED)[1])


class Box(NamedTuple):
    """Inclusive pixel indices (x, y), origin top left."""

    x0: int
    y0: int
    x1: int
    y1: int


def tight_box(mask_HW: Mask) -> Box:
    """Return the tight box of a non-empty mask."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]))


def chamfer_depths(region_HW: Mask) -> NDArray[np.float32]:
    """Return each pixel's distance in px to the nearest pixel outside, by OpenCV's 5 x 5 mask, as published.

    float32 (H, W), 0 outside the region. Everything beyond the edge of the image is outside.
    """
    return _in_its_box(region_HW, _chamfer, np.dtype(np.float32))


def squared_depths(region_HW: Mask) -> NDArray[np.int64]:
    """Return each pixel's exact squared Euclidean distance in px² to the nearest pixel outside. int64 (H, W).

    Integers, because the last bit of OpenCV's float distances varies from call to call.
    """
    small = max(region_HW.shape) <= LARGEST_EXACT_IN_FLOAT32
    return _in_its_box(region_HW, _squares_by_cv2 if small else _squares_by_scipy, np.dtype(np.int64))


def _chamfer(padded: Padded) -> NDArray[np.float32]:
    return cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5).astype(np.float32, copy=False)


def _squares_by_cv2(padded: Padded) -> NDArray[np.int64]:
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).astype(np.float64)
    return np.rint(np.square(distances)).astype(np.int64)


def _squares_by_scipy(padded: Padded) -> NDArray[np.int64]:
    distances: NDArray[np.float64] = ndimage.distance_transform_edt(padded)
    return np.rint(np.square(distances)).astype(np.int64)


def _in_its_box(region_HW: Mask, transform: Callable[[Padded], NDArray[Any]], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Transform only the padded box of the region: no pixel beyond it is nearer to the region than the padding."""
    depths_HW = np.zeros(region_HW.shape, dtype)
    if region_HW.any():
        x0, y0, x1, y1 = tight_box(region_HW)
        box = np.s_[y0 : y1 + 1, x0 : x1 + 1]
        depths_HW[box] = transform(np.pad(region_HW[box].astype(np.uint8), 1))[1:-1, 1:-1]
    return depths_HW
