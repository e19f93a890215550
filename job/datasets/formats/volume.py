"""A volume as its file stores it, and in canonical order: what every format of volumes gives, and what it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.doubt import Doubt
from job.datasets.geometry import Grid, along_axes, canonical_grid, to_canonical
from job.datasets.known import NOTHING, Known
from job.errors import DataError

STACK = "SPL"
"""Slices first, from inferior to superior; rows and columns as axial slices are shown: each stays as it is stored."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredHeader:
    """What a file states about its volume.

    shape: voxels along the three stored axes, the first index first. affine: 4x4, stored index to mm in RAS+.
    oriented: False if the file states no orientation, so that the affine has the default of its format. spacing_mm:
    along the stored axes; None if the file does not state it. slices_first: whether the first index counts slices, the
    last columns, which viewers of such a file count first. value_bytes: of one value in memory, scaled. label_step: the
    slope where integers are stored with one, else 0. known: what the header says about the values. frame: the
    identifier of the patient's coordinate system (DICOM's Frame of Reference UID), "" if the format has none. doubts:
    what is doubtful whatever the axes; orientation_doubts: about the axes alone, which are void if the spec states
    them. image_doubts: about what only an image has in every place, void for a label map.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    oriented: bool = True
    spacing_mm: tuple[float, float, float] | None = None
    slices_first: bool = False
    value_bytes: int = 8
    label_step: float = 0.0
    known: Known = NOTHING
    frame: str = ""
    doubts: tuple[Doubt, ...] = ()
    orientation_doubts: tuple[Doubt, ...] = ()
    image_doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class VolumeHeader:
    """The header of a volume in canonical order.

    oriented: False if neither the file nor the spec states an orientation. spaced: whether the millimetres between
    voxels are known. The rest is as in `StoredHeader`.
    """

    grid: Grid
    oriented: bool
    spaced: bool = True
    value_bytes: int = 8
    label_step: float = 0.0
    known: Known = NOTHING
    frame: str = ""
    doubts: tuple[Doubt, ...] = ()
    image_doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Volume:
    """A volume in memory. values_XYZ: canonical (RAS+), scaled by the header's slope and intercept, any number type."""

    values_XYZ: NDArray[Any]
    header: VolumeHeader


def canonical_header(stored: StoredHeader, axes: str | None = None) -> VolumeHeader:
    """Return the header in canonical order. axes: where the stored axes lead, such as LPS, in place of the file's."""
    return VolumeHeader(
        grid=canonical_grid(stored.shape, _affine(stored, axes)),
        oriented=stored.oriented or axes is not None,
        spaced=stored.spacing_mm is not None,
        value_bytes=stored.value_bytes,
        label_step=stored.label_step,
        known=stored.known,
        frame=stored.frame,
        image_doubts=stored.image_doubts,
        doubts=stored.doubts if axes else (*stored.doubts, *stored.orientation_doubts),
    )


def canonical_volume(values: NDArray[Any], stored: StoredHeader, axes: str | None = None) -> Volume:
    """Return a volume in canonical order. values: as stored, three axes; the result is a view of them.

    Raise DataError if they are more or fewer than the header states, along any axis.
    """
    if values.shape != tuple(stored.shape):
        held, expected = (" x ".join(map(str, shape)) for shape in (values.shape, stored.shape))
        raise DataError("unreadable", f"holds {held} voxels, its header states {expected}; write the file anew")
    return Volume(values_XYZ=to_canonical(values, _affine(stored, axes)), header=canonical_header(stored, axes))


def stack_affine(spacing_mm: tuple[float, float, float] | None) -> NDArray[np.float64]:
    """Return the default affine of a stack of pictures (slices, rows, columns) whose file states no orientation."""
    return along_axes(STACK, spacing_mm or (1.0, 1.0, 1.0))


def _affine(stored: StoredHeader, axes: str | None) -> NDArray[np.float64]:
    return stored.affine if axes is None else along_axes(axes, stored.spacing_mm or (1.0, 1.0, 1.0))
