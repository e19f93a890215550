"""DICOM RT Structure Sets (PS3.3 A.19, C.8.8.5, C.8.8.6): regions of interest as polygons in the patient's space."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from job.datasets.formats import lps
from job.datasets.formats.dicom.headers import as_data_error
from job.datasets.formats.segments import contours
from job.datasets.formats.segments.dicom_file import needed, read
from job.datasets.formats.segments.segment import Drawn, Segment, Segmentation
from job.datasets.geometry import Grid
from job.errors import DataError

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


def read_rtstruct(path: Path) -> Segmentation:
    """Read the regions of a local file. Their polygons are drawn when the grid is known."""
    dataset = read(path)
    with as_data_error():
        regions = needed(dataset, "StructureSetROISequence")
        names = {int(needed(each, "ROINumber")): str(each.get("ROIName", "")) for each in regions}
        drawings = {
            int(needed(each, "ReferencedROINumber")): each.get("ContourSequence") or ()
            for each in dataset.get("ROIContourSequence") or ()
        }
        return Segmentation(
            segments=tuple(Segment(number=number, name=name) for number, name in names.items()),
            drawn=lambda segment, grid: _drawn(list(drawings.get(segment.number, ())), segment, grid),
            frame=_frame(dataset),
        )


def _drawn(items: list[Dataset], segment: Segment, grid: Grid) -> Drawn:
    with as_data_error():
        polygons = [_points(item, segment) for item in items]
    return contours.drawn(polygons, segment.name, grid)


def _points(item: Dataset, segment: Segment) -> NDArray[np.float64]:
    """Return the corners of a contour, Nx3, mm in RAS+."""
    kind = str(needed(item, "ContourGeometricType"))
    if kind not in CLOSED:
        detail = (
            f"{segment.name!r} has a contour of the type {kind[:80]!r}; expected {CLOSED[0]}, which encloses pixels"
        )
        raise DataError("not an area", detail)
    element = item.get_item("ContourData")
    value = element.value if element is not None else b""  # converting millions of numbers by pydicom takes minutes
    numbers = np.array(value.split(b"\\") if isinstance(value, bytes) else value).astype(np.float64)
    stated = int(item.get("NumberOfContourPoints") or numbers.size // 3)
    if numbers.size != 3 * stated or not numbers.size or not np.isfinite(numbers).all():
        detail = f"{segment.name!r} has a contour of {numbers.size} numbers, expected 3 for each of {stated} points"
        raise DataError("unreadable", detail)
    return numbers.reshape(-1, 3) @ lps.TO_RAS[:3, :3]


def _frame(dataset: Dataset) -> str:
    """Return the coordinate system of all regions."""
    frames = set(_frames(dataset))
    if len(frames) > 1:
        raise DataError("several frames of reference", "the regions refer to several scans; split the file")
    return frames.pop() if frames else ""


def _frames(dataset: Dataset) -> Iterator[str]:
    for item in dataset.StructureSetROISequence:
        if frame := item.get("ReferencedFrameOfReferenceUID") or dataset.get("FrameOfReferenceUID"):
            yield str(frame)
