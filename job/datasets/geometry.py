"""Volumes in the nearest canonical axis order of their affine, by flips and transposes alone, and slices as seen.

Canonical is RAS+: the first index runs from the patient's left to right, the second from posterior to anterior, the
third from inferior to superior.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from nibabel import orientations
from nibabel.affines import obliquity
from numpy.typing import NDArray

from job.datasets.sample import Axis, Spacing
from job.errors import DataError

AXES: dict[Axis, int] = {"sagittal": 0, "coronal": 1, "axial": 2}


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the voxels of a canonical volume lie, and in which order its file holds them.

    shape_XYZ: voxels to the right, anterior, superior. affine: 4x4 float64, canonical index to mm in RAS+.
    stored_shape, codes: voxels along the axes as stored, and where these lead, such as LPS.
    """

    shape_XYZ: tuple[int, int, int]
    affine: NDArray[np.float64]
    stored_shape: tuple[int, int, int]
    codes: str

    def slice_count(self, axis: Axis) -> int:
        """How many slices the volume has along an anatomical axis."""
        return self.shape_XYZ[AXES[axis]]

    def slice_size(self, axis: Axis) -> tuple[int, int]:
        """Height and width of a slice."""
        right, anterior, superior = self.shape_XYZ
        return {"axial": (anterior, right), "coronal": (superior, right), "sagittal": (superior, anterior)}[axis]

    def spacing(self, axis: Axis) -> Spacing:
        """Millimetres between the rows, columns and slices of an anatomical axis."""
        right, anterior, superior = np.linalg.norm(self.affine[:3, :3], axis=0).tolist()
        rows_columns_slices = {
            "axial": (anterior, right, superior),
            "coronal": (superior, right, anterior),
            "sagittal": (superior, anterior, right),
        }
        return Spacing(*rows_columns_slices[axis])

    @property
    def oblique_degrees(self) -> float:
        """The largest angle between an axis of the volume and the anatomical axis that it is taken for."""
        return float(np.degrees(obliquity(self.affine)).max())

    def displacement(self, other: Grid) -> float:
        """How far the corners of two grids of one shape lie apart at most, in voxels of this one."""
        corners = np.array([(*corner, 1.0) for corner in product(*((0, size - 1) for size in self.shape_XYZ))])
        apart_mm = np.linalg.norm(corners @ (self.affine - other.affine).T, axis=1).max()
        return float(apart_mm / np.linalg.norm(self.affine[:3, :3], axis=0).min())


def canonical_grid(shape: tuple[int, int, int], affine: NDArray[Any]) -> Grid:
    """Give the canonical grid of a volume as stored."""
    order = _orientation(affine)
    lengths = np.zeros(3, dtype=int)
    lengths[order[:, 0].astype(int)] = shape
    x, y, z = (int(length) for length in lengths)
    stored = orientations.inv_ornt_aff(order, shape)
    codes = "".join(orientations.ornt2axcodes(order))
    return Grid((x, y, z), np.asarray(affine, np.float64) @ stored, shape, codes)


def to_canonical(values: NDArray[Any], affine: NDArray[Any]) -> NDArray[Any]:
    """Bring a volume as stored (three axes, any order) to XYZ, RAS+. A view: nothing is copied or resampled."""
    order = _orientation(affine)
    turned: NDArray[Any] = orientations.apply_orientation(values, order)
    return turned


def reordered(values_XYZ: NDArray[Any], codes: str, right_codes: str) -> NDArray[Any]:
    """Bring a volume, canonical by wrong codes of its stored axes, to XYZ by the right ones. A view."""
    canonical, wrong, right = (orientations.axcodes2ornt(each) for each in ("RAS", codes, right_codes))
    stored = orientations.apply_orientation(values_XYZ, orientations.ornt_transform(canonical, wrong))
    turned: NDArray[Any] = orientations.apply_orientation(stored, right)
    return turned


def slice_at(values_XYZ: NDArray[Any], axis: Axis, index: int) -> NDArray[Any]:
    """Give one slice HxW of a canonical volume, as DICOM shows it; `index` 0 is the inferior, posterior or right end.

    Axial: rows anterior to posterior, columns right to left. Coronal: rows superior to inferior, columns right to left.
    Sagittal: rows superior to inferior, columns anterior to posterior.
    """
    if axis == "sagittal":  # indices run to the right, slices are counted from there
        return values_XYZ[values_XYZ.shape[0] - 1 - index, ::-1, ::-1].T
    plane = values_XYZ[:, index, :] if axis == "coronal" else values_XYZ[:, :, index]
    return plane[::-1, ::-1].T


def _orientation(affine: NDArray[Any]) -> NDArray[Any]:
    """Give nibabel's orientation, (3, 2): the canonical axis and the direction of each stored axis."""
    if not np.isfinite(affine).all():
        raise DataError("unusable affine", "the header's affine holds values that are not finite")
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    if not steps.all() or abs(np.linalg.det(affine[:3, :3] / steps)) < 1e-6:
        raise DataError("unusable affine", "the header's affine has no extent along an axis")
    order: NDArray[Any] = orientations.io_orientation(affine)
    return order
