"""DICOM Segmentation objects (PS3.3 A.51, C.8.20): frames of segments in any order, placed by their positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from job.datasets.doubt import Doubt
from job.datasets.formats import lps
from job.datasets.formats.dicom.headers import as_data_error
from job.datasets.formats.segments import on_grid
from job.datasets.formats.segments.dicom_file import needed, read
from job.datasets.formats.segments.seg_pixels import FRACTIONAL, LABELMAP, check_pixels, pixels
from job.datasets.formats.segments.segment import Drawn, Segment, Segmentation, empty_mask
from job.datasets.geometry import Grid
from job.errors import DataError

STEP = 0.01  # share by which the distance of slices may differ from the image's


@dataclass(frozen=True, eq=False)
class _Frame:
    """A frame by its index. number: of its segment; None in a label map, which shows all.

    affine: 4x4, (row, column, 0) to mm in RAS+. slices_mm: the distance between slices, None if it is not stated.
    """

    index: int
    number: int | None
    affine: NDArray[np.float64]
    slices_mm: float | None


def read_seg(path: Path) -> Segmentation:
    """Read the segments of a local file. Its frames are decoded when a segment is drawn."""
    dataset = read(path)
    with as_data_error():
        for name in ("Rows", "Columns", "NumberOfFrames"):
            needed(dataset, name)
        check_pixels(dataset)
        frames = list(_frames(dataset))
        return Segmentation(
            segments=tuple(_segments(dataset)),
            drawn=lambda segment, grid: _drawn(dataset, frames, segment, grid),
            frame=str(dataset.get("FrameOfReferenceUID", "")),
            doubts=tuple(_doubts(dataset)),
        )


def _drawn(dataset: Dataset, frames: list[_Frame], segment: Segment, grid: Grid) -> Drawn:
    with as_data_error():
        own = [frame for frame in frames if frame.number in (None, segment.number)]
        shape = (int(dataset.Rows), int(dataset.Columns), 1)
        places = [on_grid.place(shape, frame.affine, grid) for frame in own]
        mask_XYZ = empty_mask(grid)
        belongs = _rule(dataset, segment)
        for place, values in zip(places, pixels(dataset, [frame.index for frame in own]), strict=True):
            place.add(belongs(values.reshape(shape)), mask_XYZ)
        return Drawn(mask_XYZ=mask_XYZ, doubts=tuple(_step_doubts(own, places, grid)))


def _rule(dataset: Dataset, segment: Segment) -> Callable[[NDArray[Any]], NDArray[np.bool_]]:
    """Return what tells the pixels of a segment by their values."""
    kind = dataset.SegmentationType
    if kind == LABELMAP:
        return lambda values: np.asarray(values == segment.number)
    half = int(needed(dataset, "MaximumFractionalValue")) / 2 if kind == FRACTIONAL else 1
    return lambda values: np.asarray(values >= half)


def _segments(dataset: Dataset) -> Iterator[Segment]:
    background = dataset.get("PixelPaddingValue", 0) if dataset.SegmentationType == LABELMAP else None
    for item in needed(dataset, "SegmentSequence"):
        number = int(needed(item, "SegmentNumber"))
        if number != background:
            yield Segment(number=number, name=str(item.get("SegmentLabel", "")))


def _frames(dataset: Dataset) -> Iterator[_Frame]:
    """Yield where each frame lies, and of which segment it is, by its own functional groups or the shared ones."""
    shared = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    own = needed(dataset, "PerFrameFunctionalGroupsSequence")
    if len(own) != int(dataset.NumberOfFrames):
        raise DataError("unreadable", f"{dataset.NumberOfFrames} frames, of which {len(own)} are described")
    for index, item in enumerate(own):
        groups = (item, shared[0])
        number = None
        if dataset.SegmentationType != LABELMAP:
            number = int(needed(_macro(groups, "SegmentIdentificationSequence"), "ReferencedSegmentNumber"))
        measures = _macro(groups, "PixelMeasuresSequence")
        distance = measures.get("SpacingBetweenSlices")
        yield _Frame(index, number, _affine(groups, measures), float(distance) if distance else None)


def _affine(groups: tuple[Dataset, ...], measures: Dataset) -> NDArray[np.float64]:
    """Return the affine of a frame (PS3.3 C.7.6.2.1.1): rows, columns, and their normal, to mm in RAS+."""
    position = _numbers(_macro(groups, "PlanePositionSequence"), "ImagePositionPatient", 3)
    orientation = _numbers(_macro(groups, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    between_rows, between_columns = _numbers(measures, "PixelSpacing", 2)
    along_row, along_column = orientation[:3], orientation[3:]
    steps = [along_column * between_rows, along_row * between_columns, np.cross(along_row, along_column)]
    return lps.affine(np.array(steps).T, position)


def _numbers(item: Dataset, name: str, count: int) -> NDArray[np.float64]:
    numbers = np.atleast_1d(np.array(needed(item, name), np.float64))
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise DataError("unreadable", f"expected {count} finite numbers as {name}, found {len(numbers)}")
    return numbers


def _macro(groups: tuple[Dataset, ...], name: str) -> Dataset:
    """Return the only item of a functional group's sequence."""
    item: Dataset | None = next((each[0] for group in groups if (each := group.get(name))), None)
    if item is None:
        raise DataError("unreadable", f"a segmentation of which a frame has no {name}")
    return item


def _doubts(dataset: Dataset) -> Iterator[Doubt]:
    if dataset.SegmentationType == FRACTIONAL:
        kind = str(dataset.get("SegmentationFractionalType", "unknown")).lower()[:16]
        maximum = needed(dataset, "MaximumFractionalValue")
        detail = f"the values are fractions ({kind}); those from half of the maximum ({maximum}) belong to the segment"
        yield Doubt(reason="fractional segments", detail=detail)


def _step_doubts(frames: list[_Frame], places: list[on_grid.Place], grid: Grid) -> Iterator[Doubt]:
    """Yield a doubt if frames state another distance of slices than the image has: some slices may have no frame."""
    lengths = np.linalg.norm(grid.affine[:3, :3], axis=0)
    for frame, place in zip(frames, places, strict=True):
        image_mm = float(lengths[place.axes[2]])
        if frame.slices_mm is not None and abs(frame.slices_mm - image_mm) > STEP * image_mm:
            detail = f"the segments' slices are {frame.slices_mm:g} mm apart, the image's {image_mm:g} mm"
            yield Doubt(reason="slices differ", detail=f"{detail}; slices without a frame count as empty")
            return
