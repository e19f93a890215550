"""Whether the values of an array differ, and how often each occurs: fast, for each image and mask. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

ROWS = 64  # looked at first: most pictures differ in them
BLOCK = 1 << 22  # values counted at a time; OpenCV counts in float32, which is exact up to 2**24


def all_equal(values: NDArray[Any]) -> bool:
    """Return whether all values are equal, over all axes. NaN equals nothing. True for an array without values."""
    return not values.size or bool(_equal(values[:ROWS]) and _equal(values))


def varies(values: NDArray[Any]) -> bool:
    """Return whether any pixel of HxW or HxWxC differs from another."""
    channels = np.atleast_3d(values)
    planes = (channels[..., index] for index in range(channels.shape[2]))
    return not all(_equal(plane[:ROWS]) and _equal(np.ascontiguousarray(plane)) for plane in planes)


def histogram(values: NDArray[Any], bins: int) -> NDArray[np.int64]:
    """Return how often each of 0 to bins - 1 occurs in whole numbers of that range, of any shape and type."""
    kind = np.uint8 if bins <= 1 << 8 else np.uint16
    counts = np.zeros(bins, np.int64)
    for block in flat_blocks(values):
        plane: Any = np.ascontiguousarray(block, kind)[None]
        counts += cv2.calcHist([plane], [0], None, [bins], [0, bins]).ravel().astype(np.int64)
    return counts


def as_in_memory(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array with its axes turned and exchanged so that they run as its values lie in memory. A view."""
    if values.flags.c_contiguous:
        return values
    forward = values[tuple(slice(None, None, -1 if step < 0 else 1) for step in values.strides)]
    return forward.transpose(np.argsort(forward.strides, kind="stable")[::-1])


def flat_blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield all values in flat blocks, in the order in which they lie in memory, so that few of them are copied."""
    stored = as_in_memory(values)
    if stored.flags.c_contiguous or stored.ndim < 2 or stored.size <= BLOCK:
        flat = stored.reshape(-1)
        yield from (flat[start : start + BLOCK] for start in range(0, flat.size, BLOCK))
    else:
        for part in stored:
            yield from flat_blocks(part)


def _equal(values: NDArray[Any]) -> bool:
    return bool(values.min() == values.max())
