"""Planes in the order of their positions, as one grid (PS3.3 C.7.6.2). Names and numbers play no part. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from job.datasets.doubt import Doubt
from job.datasets.formats.dicom.planes import Plane, differing
from job.datasets.formats.volume import stack_affine
from job.errors import DataError

TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])  # DICOM counts to the left and to the back
SAME_MM = 1e-3  # positions that are closer are one
SAME_DIRECTION = 1e-3  # of direction cosines, which files round: half a pixel at the end of 500
UNIT = 1e-2
UNEQUAL_MM, UNEQUAL = 0.01, 0.02  # a difference between gaps that rounding does not explain, in mm plus a share
ASIDE = 0.5  # pixels that a slice may lie beside the line of the others


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """Planes in their order. affine: index (slice, row, column) to mm in RAS+."""

    order: tuple[int, ...]
    affine: NDArray[np.float64]
    spacing_mm: tuple[float, float, float] | None
    oriented: bool
    doubts: tuple[Doubt, ...] = ()


def stack(planes: Sequence[Plane]) -> Stack:
    """Return the stack of planes; raise DataError if they are no single grid."""
    if all(plane.position is None for plane in planes) and len({plane.member for plane in planes}) == 1:
        return Stack(order=tuple(range(len(planes))), affine=stack_affine(None), spacing_mm=None, oriented=False)
    rows, columns = _directions(planes)
    spacing = _one_spacing(planes)
    positions = _positions(planes)
    along = positions @ np.cross(rows, columns)
    order = np.argsort(along, kind="stable")
    _check_distinct([planes[index] for index in order], along[order])
    step = _step(planes, positions[order], np.cross(rows, columns))
    _check_line(positions[order], step, min(spacing))
    affine = np.eye(4)
    affine[:3, :3] = np.stack([step, columns * spacing[0], rows * spacing[1]], axis=1)
    affine[:3, 3] = positions[order[0]]
    return Stack(
        order=tuple(map(int, order)),
        affine=TO_RAS @ affine,
        spacing_mm=(float(np.linalg.norm(step)), *spacing),
        oriented=True,
        doubts=tuple(_gap_doubts(along[order])),
    )


def _directions(planes: Sequence[Plane]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the direction in which columns are counted, along a row, and that in which rows are."""
    if any(plane.orientation is None or plane.position is None for plane in planes):
        missing = sum(plane.orientation is None or plane.position is None for plane in planes)
        detail = f"{missing} of {len(planes)} slices state no ImagePositionPatient and ImageOrientationPatient"
        raise DataError("position missing", f"{detail}, so their order is unknown; leave them out, or read them as 2D")
    stated = np.array([plane.orientation for plane in planes])
    if np.abs(stated - stated[0]).max() > SAME_DIRECTION:
        groups = len(np.unique(np.round(stated, 2), axis=0))
        detail = f"the slices have about {groups} different values of ImageOrientationPatient, as in a localizer"
        raise DataError("several orientations", f"{detail}; keep the files of one orientation in a folder")
    rows, columns = stated[0, :3], stated[0, 3:]
    lengths = np.array([np.linalg.norm(rows), np.linalg.norm(columns)])
    if np.abs(lengths - 1).max() > UNIT or abs(rows @ columns) > UNIT:
        raise DataError("unreadable", "ImageOrientationPatient does not hold two perpendicular directions of length 1")
    return rows / lengths[0], columns / lengths[1]


def _one_spacing(planes: Sequence[Plane]) -> tuple[float, float]:
    if any(plane.spacing is None for plane in planes):
        raise DataError("spacing missing", "slices with a position, but without PixelSpacing")
    stated = np.array([plane.spacing for plane in planes])
    if np.abs(stated / stated[0] - 1).max() > SAME_DIRECTION:
        low, high = stated.min(axis=0), stated.max(axis=0)
        detail = f"PixelSpacing of {low[0]:g} to {high[0]:g} (rows) and {low[1]:g} to {high[1]:g} mm (columns)"
        raise DataError("several spacings", f"{detail}; keep the files of one spacing in a folder")
    return float(stated[0, 0]), float(stated[0, 1])


def _positions(planes: Sequence[Plane]) -> NDArray[np.float64]:
    positions = np.array([plane.position for plane in planes], np.float64)
    if np.abs(positions).max() > 1e6:
        raise DataError("unreadable", f"ImagePositionPatient lies {np.abs(positions).max():g} mm from the origin")
    return positions


def _check_distinct(planes: Sequence[Plane], along: NDArray[np.float64]) -> None:
    """Raise DataError for several slices at one position, with the names of the elements in which they differ."""
    same = np.flatnonzero(np.diff(along) < SAME_MM)
    if not same.size:
        return
    places = len(along) - same.size
    first = int(same[0])
    names = ", ".join(differing((planes[first], planes[first + 1]))) or "no element that is read"
    detail = f"{len(along)} slices at {places} positions; two at {along[first]:.2f} mm differ in {names}"
    raise DataError("several slices at one position", f"{detail}; keep one point in time, echo or kind in a folder")


def _step(planes: Sequence[Plane], positions: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the way from a slice to the next, in mm. That of a single slice is its thickness."""
    if len(positions) == 1:
        thickness = planes[0].thickness
        return normal * (thickness if thickness and thickness > 0 else 1.0)
    step: NDArray[np.float64] = (positions[-1] - positions[0]) / (len(positions) - 1)
    return step


def _check_line(positions: NDArray[np.float64], step: NDArray[np.float64], pixel_mm: float) -> None:
    """Raise DataError if the positions do not lie on one straight line, so that no affine places them."""
    direction = step / np.linalg.norm(step)
    offsets = positions - positions[0]
    aside = np.linalg.norm(offsets - np.outer(offsets @ direction, direction), axis=1).max()
    if aside > ASIDE * pixel_mm:
        detail = f"slices lie up to {aside:.3g} mm beside the line from the first to the last"
        raise DataError("shifted slices", f"{detail}; resample them to one grid")


def _gap_doubts(along: NDArray[np.float64]) -> Iterator[Doubt]:
    """Yield a doubt if slices are missing, or their gaps differ otherwise. along: sorted positions in mm."""
    gaps = np.diff(along)
    if len(gaps) < 2:
        return
    usual = float(np.median(gaps))
    off = np.abs(gaps - usual) > UNEQUAL_MM + UNEQUAL * usual
    if not off.any():
        return
    multiples = np.round(gaps / usual)
    whole = np.abs(gaps - multiples * usual) <= (UNEQUAL_MM + UNEQUAL * usual) * np.maximum(multiples, 1)
    if (whole & (multiples >= 1))[off].all():
        where = [f"{low:.2f} and {high:.2f}" for (low, high), wide in zip(pairwise(along), off, strict=True) if wide]
        count = int((multiples[off] - 1).sum())
        detail = f"{count} between {', '.join(where[:3])} mm{' and others' if len(where) > 3 else ''}"
        yield Doubt(reason="missing slices", detail=f"{detail} (the usual step is {usual:.3g} mm); fetch them")
        return
    detail = f"{gaps.min():.3g} to {gaps.max():.3g} mm, most often {usual:.3g}; all are taken as {gaps.mean():.3g}"
    yield Doubt(reason="unequal spacing between slices", detail=detail)
