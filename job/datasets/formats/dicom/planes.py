"""The planes of a file: where each slice or frame lies in the patient, and how its values are scaled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut

from job.datasets.doubt import Doubt
from job.datasets.formats.dicom.elements import items, number, numbers, text
from job.datasets.formats.dicom.headers import Header
from job.datasets.formats.dicom.layout import Layout
from job.datasets.formats.dicom.scaling import Rescale, Table
from job.errors import DataError

PER_FRAME, SHARED = "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"
PLACES = {"ImagePositionPatient", "InstanceNumber", "SOPInstanceUID", "DimensionIndexValues", "InStackPositionNumber"}
"""Elements that differ between any two slices."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """A slice. position, orientation: in mm along left, posterior, superior (PS3.3 C.7.6.2), None if not stated.

    member, frame: the number of its file, and its own in the file. orientation: the direction of rows, three numbers,
    and of columns. spacing: mm between rows and between columns. thickness: mm, which places nothing. window: centre
    and width. elements: what the file states about it.
    """

    member: int = 0
    frame: int = 0
    position: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    spacing: tuple[float, ...] | None = None
    thickness: float | None = None
    rescale: Rescale | Table = field(default_factory=Rescale)
    window: tuple[float, float] | None = None
    elements: tuple[Dataset, ...] = ()


def planes_of(header: Header, layout: Layout, member: int = 0) -> Iterator[Plane]:
    """Yield the planes of a file in its order: one, or one for each frame (PS3.3 C.7.6.16). member: its number."""
    dataset = header.dataset
    per_frame, shared = items(dataset, PER_FRAME), items(dataset, SHARED)[:1]
    if not per_frame and not shared:
        placed = layout.frames == 1
        yield from (_plane(member, frame, (dataset,), placed=placed) for frame in range(layout.frames))
        return
    if len(per_frame) not in (0, layout.frames):
        detail = f"{PER_FRAME} has {len(per_frame)} items, NumberOfFrames is {layout.frames}"
        raise DataError("unreadable", detail)
    for frame in range(layout.frames):
        groups = (*per_frame[frame : frame + 1], *shared)
        yield _plane(member, frame, (*_macros(groups), dataset), placed=True)


def differing(planes: tuple[Plane, Plane]) -> list[str]:
    """Return the names of the elements that differ between two planes, not their values."""
    first, second = (_flat(plane) for plane in planes)
    return sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))


def rescale_of(elements: tuple[Dataset, ...]) -> Rescale:
    """Return how the first of the data sets that states it scales the stored values."""
    slope, intercept = _number(elements, "RescaleSlope"), _number(elements, "RescaleIntercept")
    if slope == 0:
        raise DataError("unreadable", "RescaleSlope is 0")
    return Rescale(1.0 if slope is None else slope, intercept or 0.0)


def table_of(elements: tuple[Dataset, ...]) -> Table | None:
    """Return the table by which the first of the data sets that has one translates stored values."""
    found = next((each for each in elements if items(each, "ModalityLUTSequence")), None)
    if found is None:
        return None
    stated = numbers(items(found, "ModalityLUTSequence")[0], "LUTDescriptor", 3)
    if stated is None or stated[0] < 0:
        raise DataError("unreadable", "a ModalityLUTSequence without a LUTDescriptor that can be read")
    count, first = int(stated[0]) or 1 << 16, int(stated[1])
    values = np.asarray(apply_modality_lut(np.arange(first, first + count), found))
    return Table(first, values.astype(np.uint16))  # of 8 or 16 bits, never signed


def mapping_doubts(elements: Sequence[tuple[Dataset, ...]]) -> Iterator[Doubt]:
    """Yield a doubt if real-world values are others than those that are stored (PS3.3 C.7.6.16.2.11)."""
    for keyword, plain in (("RealWorldValueSlope", 1.0), ("RealWorldValueIntercept", 0.0)):
        if any(_number(each, keyword) not in (None, plain) for each in elements):
            detail = f"{keyword} is not {plain:g}; values are used as stored, not as real-world values"
            yield Doubt(reason="values as stored", detail=detail)


def rescale_doubts(elements: Iterable[tuple[Dataset, ...]]) -> Iterator[Doubt]:
    """Yield a doubt if a slice states two ways to scale its values, of which there may be one (PS3.3 C.11.1)."""
    plain = Rescale(1.0, 0.0)
    if any(rescale_of(each) != plain and any(items(one, "ModalityLUTSequence") for one in each) for each in elements):
        detail = "a table (Modality LUT) beside RescaleSlope and RescaleIntercept; the table alone is applied"
        yield Doubt(reason="two rescales", detail=detail)


def _plane(member: int, frame: int, elements: tuple[Dataset, ...], *, placed: bool) -> Plane:
    """Return a plane. placed: whether the position is of this frame, not of a file of several."""
    spacing = _numbers(elements, "PixelSpacing", 2)
    if spacing and min(spacing) <= 0:
        raise DataError("unreadable", f"PixelSpacing is {spacing[0]:g}, {spacing[1]:g}; expected lengths in mm")
    return Plane(
        member=member,
        frame=frame,
        position=_numbers(elements, "ImagePositionPatient", 3) if placed else None,
        orientation=_numbers(elements, "ImageOrientationPatient", 6) if placed else None,
        spacing=spacing,
        thickness=_number(elements, "SpacingBetweenSlices") or _number(elements, "SliceThickness"),
        rescale=table_of(elements) or rescale_of(elements),
        window=window_of(elements),
        elements=elements,
    )


def _macros(groups: tuple[Dataset, ...]) -> Iterator[Dataset]:
    """Yield the items of the functional groups: each group is a sequence of one item."""
    for group in groups:
        for element in group:
            if element.VR == "SQ" and element.value:
                yield element.value[0]


def _first(elements: tuple[Dataset, ...], keyword: str) -> Dataset | None:
    return next((each for each in elements if keyword in each), None)


def _numbers(elements: tuple[Dataset, ...], keyword: str, count: int) -> tuple[float, ...] | None:
    found = _first(elements, keyword)
    return numbers(found, keyword, count) if found is not None else None


def _number(elements: tuple[Dataset, ...], keyword: str) -> float | None:
    found = _first(elements, keyword)
    return number(found, keyword) if found is not None else None


def window_of(elements: tuple[Dataset, ...]) -> tuple[float, float] | None:
    """Return centre and width of the first window, None if there is none that can be used."""
    found = _first(elements, "WindowCenter")
    if found is None:
        return None
    texts = [text(found, keyword).strip("[]").split(",")[0] for keyword in ("WindowCenter", "WindowWidth")]
    try:
        centre, width = map(float, texts)
    except ValueError:
        return None
    return (centre, width) if math.isfinite(centre) and math.isfinite(width) and width > 0 else None


def _flat(plane: Plane) -> dict[str, str]:
    """Return what is stated about a plane, by the names of the elements."""
    found: dict[str, Any] = {}
    for dataset in plane.elements:
        for element in dataset:
            if element.VR != "SQ" and element.keyword and element.keyword not in PLACES:
                found.setdefault(element.keyword, str(element.value))
    return found
