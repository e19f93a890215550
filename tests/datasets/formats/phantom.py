"""A volume in which nothing is symmetric, so that a flip, a turn or a shift shows, and its place in space."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import numpy as np
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform
from numpy.typing import NDArray

from job.datasets.geometry import Grid, canonical_grid

SHAPE = (12, 16, 5)
SPACING = (1.5, 1.0, 3.0)
ORIGIN = (-20.0, -30.0, 10.0)
PAIRS = ("RL", "AP", "SI")
CODES = ["".join(letters) for order in permutations(PAIRS) for letters in product(*order)]
"""The 48 ways in which stored axes can lead, such as LPS."""


def phantom(values: tuple[int, ...] = (1, 2)) -> NDArray[np.uint8]:
    """Return a label map, RAS+. Each label is an L: a long bar to the front, a short one to the right at its back."""
    map_XYZ = np.zeros(SHAPE, np.uint8)
    for n, value in enumerate(values):
        x, y, z = 1 + 5 * n, 2 + 5 * n, 1 + n
        map_XYZ[x : x + 2, y : y + 7, z : z + 2] = value
        map_XYZ[x : x + 4, y : y + 2, z : z + 1] = value
    return map_XYZ


def affine() -> NDArray[np.float64]:
    """Return where the voxels lie: 4x4, index XYZ to mm in RAS+."""
    placed = np.diag([*SPACING, 1.0])
    placed[:3, 3] = ORIGIN
    return placed


def stored(values_XYZ: NDArray[Any], codes: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return a volume with its axes in the directions `codes`, and its affine, by nibabel."""
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    return apply_orientation(values_XYZ, turn), affine() @ inv_ornt_aff(turn, values_XYZ.shape)


def grid(codes: str = "LPS") -> Grid:
    """Return the canonical grid of an image of the phantom that is stored in the directions `codes`."""
    values, placed = stored(np.zeros(SHAPE, bool), codes)
    return canonical_grid(values.shape, placed)


def in_lps(placed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an affine, index to mm in LPS, of one to mm in RAS+."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ placed
