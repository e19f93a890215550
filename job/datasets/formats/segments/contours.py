"""Planar contours in the patient's space, drawn on the slices of a grid. Nothing is interpolated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from job.datasets.doubt import Doubt
from job.datasets.formats.segments import polygons
from job.datasets.formats.segments.segment import Drawn, empty_mask
from job.datasets.geometry import Grid
from job.errors import DataError

BETWEEN = 0.5 - 1e-3  # slices from a slice's plane: halfway to the next, which of the two is meant is not known
CLOSE = 0.1  # slices from a slice's plane that rounding explains
OUTSIDE = 1.0  # pixels by which a contour may leave the image
AXES = ("sagittal", "coronal", "axial")
LISTED = 20


def drawn(contours_mm: Sequence[NDArray[np.float64]], name: str, grid: Grid) -> Drawn:
    """Return the voxels whose centres lie inside contours, by the even-odd rule in each slice.

    contours_mm: the corners of each, Nx3, RAS+. name: of the segment, for errors. Raise DataError if the contours do
    not lie in slices along one axis of the image, or lie beyond it.
    """
    mask_XYZ = empty_mask(grid)
    if not contours_mm:
        return Drawn(mask_XYZ=mask_XYZ)
    to_index = np.linalg.inv(grid.affine)
    indices = [corners @ to_index[:3, :3].T + to_index[:3, 3] for corners in contours_mm]
    axis = _axis(indices)
    slices = _slices(indices, axis, name, grid)
    overlapping = []
    planes = np.moveaxis(mask_XYZ, axis, 0)  # a view
    for number, in_slice in slices.items():
        flat = [np.delete(corners, axis, axis=1) for corners in in_slice]
        _check_inside(flat, planes.shape[1:], name)
        planes[number], overlap = polygons.even_odd(flat, planes[number].shape)
        overlapping += [number] if overlap else []
    between = max(float(np.abs(c[:, axis] - number).max()) for number, each in slices.items() for c in each)
    return Drawn(mask_XYZ=mask_XYZ, doubts=tuple(_doubts(name, sorted(slices), overlapping, between, axis, grid)))


def _axis(indices: Sequence[NDArray[np.float64]]) -> int:
    """Return the axis of the image across which the contours lie: along it they are flattest."""
    return int(np.argmin(np.max([np.ptp(corners, axis=0) for corners in indices], axis=0)))


def _slices(
    indices: Sequence[NDArray[np.float64]], axis: int, name: str, grid: Grid
) -> dict[int, list[NDArray[np.float64]]]:
    """Return the contours of each slice."""
    slices: defaultdict[int, list[NDArray[np.float64]]] = defaultdict(list)
    for corners in indices:
        number = int(np.rint(corners[:, axis].mean()))
        distance = float(np.abs(corners[:, axis] - number).max())
        if distance >= BETWEEN:
            detail = f"a contour of {name!r} lies up to {distance:.3g} slices from the {AXES[axis]} slice next to it"
            raise DataError("affines differ", f"{detail}; expected contours in the slices of the image")
        if not 0 <= number < grid.shape_XYZ[axis]:
            detail = f"a contour of {name!r} lies in slice {number} of {grid.shape_XYZ[axis]} {AXES[axis]} slices"
            raise DataError("beyond the image", detail)
        slices[number].append(corners)
    for number, in_slice in slices.items():
        apart = float(np.ptp([corners[:, axis].mean() for corners in in_slice]))
        if apart > CLOSE:
            detail = f"contours of {name!r} in planes {apart:.3g} slices apart fall into {AXES[axis]} slice {number}"
            raise DataError("affines differ", f"{detail}: they were drawn on a finer image")
    return slices


def _check_inside(flat: Sequence[NDArray[np.float64]], shape: tuple[int, ...], name: str) -> None:
    outside = max(float(np.max([-corners, corners - (np.array(shape) - 1)])) for corners in flat)
    if outside > OUTSIDE:
        detail = f"a contour of {name!r} leaves the image by {outside:.3g} pixels"
        raise DataError("beyond the image", detail)


def _doubts(
    name: str, numbers: list[int], overlapping: list[int], between: float, axis: int, grid: Grid
) -> Iterator[Doubt]:
    skipped = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
    if skipped:
        detail = f"{name!r} has no contour in the {_listed(skipped, axis, grid)} between others: they count as empty"
        yield Doubt(reason="slices without contours", detail=detail)
    if overlapping:
        listed = _listed(sorted(overlapping), axis, grid)
        detail = f"contours of {name!r} overlap in the {listed}; what an even number of them covers is left out"
        yield Doubt(reason="contours overlap", detail=detail)
    if between > CLOSE:
        detail = f"contours of {name!r} lie up to {between:.3g} slices from the image's planes; drawn in the nearest"
        yield Doubt(reason="contours between slices", detail=detail)


def _listed(numbers: list[int], axis: int, grid: Grid) -> str:
    """Return slices as text, by the numbers that the slices of samples have."""
    if AXES[axis] == "sagittal":  # counted from the right
        numbers = sorted(grid.shape_XYZ[0] - 1 - number for number in numbers)
    listed = ", ".join(map(str, numbers[:LISTED])) + (", …" if len(numbers) > LISTED else "")
    return f"{AXES[axis]} slices {listed}"
