"""Components, boxes and depths of binary regions, as computed by the published code and by RITM's.

All work is done inside the region's tight box: no pixel beyond it is nearer to the region than the box's own border.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from job.prompts.boxes import Mask, tight_box

Padded = NDArray[np.uint8]
"""The region within its tight box, padded by one pixel: 1 inside the region, 0 outside."""

EIGHT_CONNECTED = np.ones((3, 3), dtype=bool)
LARGEST_EXACT_IN_FLOAT32 = 1000  # px; above it, squares of cv2's float32 distances may round to the wrong integer


@dataclass(frozen=True, kw_only=True, eq=False)
class Depths:
    """Distances to the outside of a region, in the region's tight box.

    box_hw: 0 outside the region, one 0 if it is empty; its unit is that of the function that made it. x0, y0: where the
    box lies in the image.
    """

    box_hw: NDArray[Any]
    x0: int
    y0: int

    def leave_out(self, x: int, y: int) -> None:
        """Set the pixel (x, y) of the image to 0."""
        row, column = y - self.y0, x - self.x0
        if 0 <= row < self.box_hw.shape[0] and 0 <= column < self.box_hw.shape[1]:
            self.box_hw[row, column] = 0

    @property
    def largest(self) -> float:
        """Depth of the deepest pixel; 0 if the region is empty."""
        return float(self.box_hw.max())

    def deepest(self) -> NDArray[np.intp]:
        """Return where the deepest pixels lie: flat indices into the box, in row-major order of the image."""
        return np.flatnonzero(self.box_hw == self.box_hw.max())

    def framed(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the depths at the size of the image (H, W)."""
        depths_HW = np.zeros(shape, self.box_hw.dtype)
        height, width = self.box_hw.shape
        depths_HW[self.y0 : self.y0 + height, self.x0 : self.x0 + width] = self.box_hw
        return depths_HW

    def pixels(self, box_index_N: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the pixels of the image, int64 (N, 2) of (x, y), for flat indices into the box."""
        rows, columns = np.divmod(box_index_N, self.box_hw.shape[1])
        return np.stack([columns + self.x0, rows + self.y0], axis=1).astype(np.int64)


def components(mask_HW: Mask, most: int | None = None) -> list[Mask]:
    """Split a mask into 8-connected components, largest first; of equal areas, the later in row-major order first.

    Each component is bool (H, W). most: the maximum number to return; all specks of a mask could fill the memory.
    """
    if not mask_HW.any():
        return []
    window = tight_box(mask_HW).window
    labels_hw, count = ndimage.label(mask_HW[window], structure=EIGHT_CONNECTED)
    areas = np.bincount(labels_hw.ravel(), minlength=count + 1)[1:]
    labels = np.arange(1, count + 1)
    largest_first = labels[np.lexsort((-labels, -areas))]
    return [_framed(labels_hw == label, window, mask_HW.shape) for label in largest_first[:most]]


def largest_component(mask_HW: Mask) -> Mask:
    """Return the largest 8-connected component, bool (H, W); of equal areas, the first in row-major order.

    It is empty if the mask is.
    """
    if not mask_HW.any():
        return np.zeros_like(mask_HW)
    window = tight_box(mask_HW).window
    labels_hw, _ = ndimage.label(mask_HW[window], structure=EIGHT_CONNECTED)
    areas = np.bincount(labels_hw.ravel())
    largest = 1 + np.argmax(areas[1:])
    return _framed(labels_hw == largest, window, mask_HW.shape)


def count_components(mask_HW: Mask) -> int:
    """Count the 8-connected components of a mask."""
    return int(ndimage.label(mask_HW, structure=EIGHT_CONNECTED)[1])


def chamfer_depths(region_HW: Mask) -> Depths:
    """Return each pixel's distance in px to the nearest pixel outside, by OpenCV's 5 x 5 mask, as published.

    float32. Everything beyond the edge of the image is outside.
    """
    return _in_its_box(region_HW, _chamfer)


def squared_depths(region_HW: Mask) -> Depths:
    """Return each pixel's exact squared Euclidean distance in px² to the nearest pixel outside.

    int32. Integers, because the last bit of OpenCV's float distances varies from call to call.
    """
    return _in_its_box(region_HW, _squares)


def _chamfer(padded: Padded) -> NDArray[np.float32]:
    return cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5).astype(np.float32, copy=False)


def _squares(padded: Padded) -> NDArray[np.int32]:
    distances: NDArray[Any]
    if max(padded.shape) <= LARGEST_EXACT_IN_FLOAT32:
        distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    else:
        distances = ndimage.distance_transform_edt(padded)
    return np.rint(np.square(distances)).astype(np.int32)


def _in_its_box(region_HW: Mask, transform: Callable[[Padded], NDArray[Any]]) -> Depths:
    if not region_HW.any():
        return Depths(box_hw=transform(np.zeros((3, 3), np.uint8))[1:-1, 1:-1], x0=0, y0=0)
    box = tight_box(region_HW)
    region_hw = region_HW[box.window]
    padded = np.zeros((region_hw.shape[0] + 2, region_hw.shape[1] + 2), np.uint8)
    padded[1:-1, 1:-1] = region_hw
    return Depths(box_hw=np.ascontiguousarray(transform(padded)[1:-1, 1:-1]), x0=box.x0, y0=box.y0)


def _framed(part_hw: Mask, window: tuple[slice, slice], shape: tuple[int, ...]) -> Mask:
    frame_HW = np.zeros(shape, np.bool_)
    frame_HW[window] = part_hw
    return frame_HW
