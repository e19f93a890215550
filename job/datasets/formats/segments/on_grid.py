"""A small volume put on another grid of the same voxels, by whole voxels, flips and transposes. Pure, and exact."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.geometry import Grid
from job.datasets.sizes import as_text
from job.errors import DataError

FAR = 1 << 31
VOXELS = 0.1  # rounding positions to a tenth of a millimetre moves a grid by less, a wrong grid by more


@dataclass(frozen=True, eq=False)
class Place:
    """Where a volume lies on a grid.

    axes: the canonical axis of each stored axis. flips: 1 or -1 for each stored axis. low: the first voxel XYZ.
    shape: the voxels along the stored axes.
    """

    axes: tuple[int, ...]
    flips: tuple[int, ...]
    low: tuple[int, ...]
    shape: tuple[int, ...]

    def add(self, mask: NDArray[np.bool_], onto_XYZ: NDArray[np.bool_]) -> None:
        """Add the voxels of a mask, as stored, to a mask on the grid."""
        ordered = mask[tuple(slice(None, None, flip) for flip in self.flips)].transpose(np.argsort(self.axes))
        region = tuple(slice(low, low + size) for low, size in zip(self.low, ordered.shape, strict=True))
        onto_XYZ[region] |= ordered


def place(shape: tuple[int, int, int], affine: NDArray[Any], grid: Grid) -> Place:
    """Return where a volume lies on a grid; raise DataError if its voxels are not the grid's, or lie beyond it.

    shape, affine: as stored; affine: 4x4, index to mm in RAS+. The direction of an axis of length 1 has no effect.
    """
    with np.errstate(all="ignore"):  # absurd numbers in a file overflow; the distance is checked
        exact = np.linalg.inv(grid.affine) @ affine
        axes, flips = _directions(exact, shape)
        first = np.rint(exact[:3, 3]).clip(-FAR, FAR)
        distance = _distance(exact, first, axes, flips, shape)
    if not distance <= VOXELS:  # NaN too
        detail = (
            f"voxels of the mask lie up to {distance:.3g} voxels beside those of the image; resample it to the image"
        )
        raise DataError("affines differ", detail)
    low = first.astype(int)
    for axis, flip, size in zip(axes, flips, shape, strict=True):
        low[axis] -= size - 1 if flip < 0 else 0
    lengths = [shape[axes.index(axis)] for axis in range(3)]
    if (low < 0).any() or (low + lengths > grid.shape_XYZ).any():
        ends = ", ".join(
            f"{name} {start} to {start + n - 1}" for name, start, n in zip("XYZ", low, lengths, strict=True)
        )
        detail = f"the mask covers the voxels {ends} of an image of {as_text(grid.shape_XYZ)}"
        raise DataError("beyond the image", detail)
    return Place(tuple(axes), tuple(flips), tuple(int(start) for start in low), shape)


def _directions(exact: NDArray[Any], shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return the nearest canonical axis of each stored axis, each once, and its sign. Axes of length 1 come last."""
    free, axes, flips = [0, 1, 2], [0, 0, 0], [1, 1, 1]
    for stored in sorted(range(3), key=lambda each: shape[each] == 1):
        axis = max(free, key=lambda each: abs(exact[each, stored]))
        free.remove(axis)
        axes[stored], flips[stored] = axis, -1 if exact[axis, stored] < 0 else 1
    return axes, flips


def _distance(
    exact: NDArray[Any], first: NDArray[Any], axes: list[int], flips: list[int], shape: tuple[int, ...]
) -> float:
    """Return how far, in voxels along an axis, the corners lie from whole voxels by whole steps."""
    steps = np.zeros((3, 3))
    steps[axes, range(3)] = flips
    corners = np.array(list(product(*((0, size - 1) for size in shape)))).T
    beside = exact[:3, :3] @ corners + exact[:3, 3:] - (steps @ corners + first[:, None])
    return float(np.abs(beside).max())
