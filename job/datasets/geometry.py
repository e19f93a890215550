"""Volumes in canonical axis order, and their slices as displayed. Only flips and transposes, no resampling. Pure.

Canonical is RAS+: the first index runs from the patient's left to right, the second from posterior to anterior, the
third from inferior to superior. In an oblique volume, each axis is taken for its nearest anatomical axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from nibabel import orientations
from nibabel.affines import obliquity
from numpy.typing import NDArray

from job.datasets.sample import Axis, Spacing
from job.errors import DataError

ROWS_COLUMNS_SLICES: dict[Axis, tuple[int, int, int]] = {
    "axial": (1, 0, 2),
    "coronal": (2, 0, 1),
    "sagittal": (2, 1, 0),
}
"""By anatomical axis: the indices in XYZ along which the rows, columns and slices of the display are counted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The positions of a canonical volume's voxels, and the order in which its file stores them.

    shape_XYZ: voxels towards right, anterior, superior. affine: 4x4 float64, canonical index to mm in RAS+.
    stored_shape, codes: voxels along the axes as stored, and the directions of these axes, such as LPS.
    """

    shape_XYZ: tuple[int, int, int]
    affine: NDArray[np.float64]
    stored_shape: tuple[int, int, int]
    codes: str

    def slice_count(self, axis: Axis) -> int:
        """Return the number of slices along an anatomical axis."""
        return self.shape_XYZ[ROWS_COLUMNS_SLICES[axis][2]]

    def slice_size(self, axis: Axis) -> tuple[int, int]:
        """Return height and width of a slice."""
        rows, columns, _ = ROWS_COLUMNS_SLICES[axis]
        return self.shape_XYZ[rows], self.shape_XYZ[columns]

    def spacing(self, axis: Axis) -> Spacing:
        """Return the millimetres between rows, columns and slices, for slices along an anatomical axis."""
        steps_mm = _lengths(self.affine[:3, :3], axis=0)
        return Spacing(*(float(steps_mm[index]) for index in ROWS_COLUMNS_SLICES[axis]))

    @property
    def stored_affine(self) -> NDArray[np.float64]:
        """4x4 float64, stored index to mm in RAS+: where the axes as stored lead in the directions `codes`."""
        order = orientations.axcodes2ornt(self.codes)
        stored: NDArray[np.float64] = self.affine @ np.linalg.inv(orientations.inv_ornt_aff(order, self.stored_shape))
        return stored

    @property
    def oblique_degrees(self) -> float:
        """The largest angle between an axis of the volume and its nearest anatomical axis."""
        return float(np.degrees(obliquity(self.affine)).max())

    def displacement(self, other: Grid) -> float:
        """Return the largest distance between corresponding corners of two grids of one shape.

        The unit is the shortest side of this grid's voxels.
        """
        corners = np.array([(*corner, 1.0) for corner in product(*((0, size - 1) for size in self.shape_XYZ))])
        distance_mm = _lengths(corners @ (self.affine - other.affine).T, axis=1).max()
        return float(distance_mm / _lengths(self.affine[:3, :3], axis=0).min())


def canonical_grid(shape: tuple[int, int, int], affine: NDArray[Any]) -> Grid:
    """Return the canonical grid of a volume. shape, affine: as stored; affine: 4x4, index to mm in RAS+."""
    order = _orientation(affine)
    lengths = np.zeros(3, dtype=int)
    lengths[order[:, 0].astype(int)] = shape
    x, y, z = (int(length) for length in lengths)
    return Grid(
        shape_XYZ=(x, y, z),
        affine=np.asarray(affine, np.float64) @ orientations.inv_ornt_aff(order, shape),
        stored_shape=shape,
        codes="".join(orientations.ornt2axcodes(order)),
    )


def along_axes(codes: str, zooms_mm: Sequence[float]) -> NDArray[np.float64]:
    """Return the 4x4 affine of a volume whose stored axes lead in the directions `codes`, such as LPS."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for stored, (canonical, direction) in enumerate(orientations.axcodes2ornt(codes)):
        affine[int(canonical), stored] = direction * zooms_mm[stored]
    return affine


def to_canonical(values: NDArray[Any], affine: NDArray[Any]) -> NDArray[Any]:
    """Return a volume as stored (three axes, any order) in the order XYZ, RAS+. A view."""
    values_XYZ: NDArray[Any] = orientations.apply_orientation(values, _orientation(affine))
    return values_XYZ


def to_stored(values_XYZ: NDArray[Any], codes: str) -> NDArray[Any]:
    """Return a canonical volume in the order in which a file with these directions of its axes stores it. A view."""
    order = orientations.ornt_transform(orientations.axcodes2ornt("RAS"), orientations.axcodes2ornt(codes))
    stored: NDArray[Any] = orientations.apply_orientation(values_XYZ, order)
    return stored


def reordered(values_XYZ: NDArray[Any], codes: str, right_codes: str) -> NDArray[Any]:
    """Return a volume that was brought to XYZ by wrong codes of its stored axes in XYZ by the right codes. A view."""
    stored, right = to_stored(values_XYZ, codes), orientations.axcodes2ornt(right_codes)
    reordered_XYZ: NDArray[Any] = orientations.apply_orientation(stored, right)
    return reordered_XYZ


def slice_at(values_XYZ: NDArray[Any], axis: Axis, index: int) -> NDArray[Any]:
    """Return one slice HxW of a canonical volume as DICOM viewers show it. A view.

    Index 0 is the inferior, posterior or right end.

    Axial: rows anterior to posterior, columns right to left. Coronal: rows superior to inferior, columns right to left.
    Sagittal: rows superior to inferior, columns anterior to posterior.
    """
    if axis == "sagittal":  # X runs to the right, slices are counted from the right
        return values_XYZ[values_XYZ.shape[0] - 1 - index, ::-1, ::-1].T
    plane = values_XYZ[:, index, :] if axis == "coronal" else values_XYZ[:, :, index]
    return plane[::-1, ::-1].T


def plane(values: NDArray[Any], axis: Axis, index: int) -> NDArray[Any]:
    """Return a slice HxW of a canonical volume as its own contiguous array, or the whole of a 2D image."""
    return values if axis == "none" else np.array(slice_at(values, axis, index), order="C")


def _orientation(affine: NDArray[Any]) -> NDArray[Any]:
    """Return nibabel's orientation, (3, 2): the canonical axis and the direction of each stored axis."""
    if not np.isfinite(affine).all():
        raise DataError("unusable affine", "the header's affine holds values that are not finite")
    steps = _lengths(affine[:3, :3], axis=0)
    if not steps.all() or abs(np.linalg.det(affine[:3, :3] / steps)) < 1e-6:
        raise DataError("unusable affine", "the header's affine has no extent along an axis")
    order: NDArray[Any] = orientations.io_orientation(affine)
    return order


def _lengths(vectors: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return the Euclidean lengths of vectors along an axis. One beyond all numbers, as of a damaged header, is inf."""
    with np.errstate(over="ignore"):
        lengths: NDArray[Any] = np.linalg.norm(vectors, axis=axis)
    return lengths
