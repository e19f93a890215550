"""Positions in DICOM's patient coordinates (towards left, posterior, superior), which other formats use too."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""From LPS to RAS+, and back. 4x4."""


def affine(steps_mm: ArrayLike, origin_mm: ArrayLike) -> NDArray[np.float64]:
    """Return the 4x4 affine of a grid, stored index to mm in RAS+, from what a file states in LPS.

    steps_mm: 3x3; column n is the step from one voxel to the next along stored axis n. origin_mm: the centre of the
    first voxel.
    """
    placed = np.eye(4)
    placed[:3, :3] = steps_mm
    placed[:3, 3] = origin_mm
    return TO_RAS @ placed
