"""The values of a volume, read and scaled a slab of slices at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

SLAB = 1 << 22  # values


def values(scaled: Any, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Read and scale all values, a slab of slices at a time, because scaling holds several copies."""
    if len(scaled.shape) < 3 or not math.prod(shape):
        return np.asarray(scaled).reshape(shape)
    depth = max(1, SLAB * shape[2] // math.prod(shape))
    slabs = (np.asanyarray(scaled[:, :, start : start + depth]) for start in range(0, shape[2], depth))
    first = next(slabs)
    stored = np.empty(shape, first.dtype, order="F")
    stored[:, :, :depth] = first.reshape(stored[:, :, :depth].shape)
    for number, slab in enumerate(slabs, 1):
        part = stored[:, :, number * depth : (number + 1) * depth]
        part[...] = slab.reshape(part.shape)
    return stored
