"""DICOM volumes: the files of a series, one slice each, or the frames of one file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.doubt import Doubt
from job.datasets.formats.dicom import headers, pixels
from job.datasets.formats.dicom.elements import text, whole_number
from job.datasets.formats.dicom.folder import Member, named, read_members
from job.datasets.formats.dicom.layout import is_compressed
from job.datasets.formats.dicom.planes import Plane, mapping_doubts, planes_of, rescale_doubts
from job.datasets.formats.dicom.scaling import INVERTED, rescaled, value_type
from job.datasets.formats.dicom.stacking import Stack, stack
from job.datasets.formats.dicom.suv import suv_factor
from job.datasets.formats.volume import StoredHeader
from job.datasets.known import Known
from job.errors import DataError
from job.storage import FileInfo

ENDINGS = (".dcm", ".dicom", ".dic", ".ima")


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """The files of a series, and their planes in the order of the files."""

    members: list[Member]
    planes: list[Plane]
    stack: Stack
    dtype: np.dtype[Any]
    stored_range: tuple[int, int]
    doubts: tuple[Doubt, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """The numbers of slices, rows and columns."""
        return len(self.planes), self.members[0].layout.rows, self.members[0].layout.columns

    @property
    def is_inverted(self) -> bool:
        """Whether the lowest value is white."""
        return self.members[0].layout.photometric == "MONOCHROME1"


def read_header(file: FileInfo) -> StoredHeader:
    """Read the grid from the headers of local or remote files. file: a folder with its members, or one file."""
    series = _read(file)
    slopes = {plane.rescale.slope for plane in series.planes}
    return StoredHeader(
        shape=series.shape,
        affine=series.stack.affine,
        oriented=series.stack.oriented,
        spacing_mm=series.stack.spacing_mm,
        slices_first=True,
        value_bytes=series.dtype.itemsize + _held_bytes(series),
        label_step=abs(slopes.pop()) if len(slopes) == 1 and slopes != {1.0} else 0.0,
        known=_known(series),
        frame=text(series.members[0].header.dataset, "FrameOfReferenceUID"),
        doubts=series.doubts,
    )


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read the values of local files: slices, rows, columns, rescaled. The caller checks their size beforehand."""
    series = _read(file)
    values = np.empty(series.shape, series.dtype)
    slots = {index: slot for slot, index in enumerate(series.stack.order)}
    inverted = series.stored_range if series.is_inverted else None
    stored = (frame for member in series.members for frame in _frames(member))
    for index, (plane, frame) in enumerate(zip(series.planes, stored, strict=True)):
        values[slots[index]] = rescaled(frame, plane.rescale, series.dtype, inverted)
    return values


def is_stack(head: bytes) -> bool:
    """Return whether the first bytes of a DICOM file state several frames, so that it alone is a volume."""
    dataset = headers.parse(head, whole=False, last=headers.LAST_OF_IMAGE).dataset
    try:
        return whole_number(dataset, "NumberOfFrames", 1) > 1
    except DataError:
        return False


def _read(file: FileInfo) -> Series:
    with headers.as_data_error():
        members, doubts = read_members(file)
        planes = [plane for number, member in enumerate(members) for plane in _planes(member, number)]
        ordered = stack(planes)
        ranges = [member.layout.stored_range for member in members]
        stored_range = min(low for low, _ in ranges), max(high for _, high in ranges)
        inverted = [INVERTED] if members[0].layout.photometric == "MONOCHROME1" else []
        floating = [f"f{member.layout.value_bytes}" for member in members if member.layout.floating]
        if floating and (len(floating) != len(members) or inverted):
            raise DataError("several kinds of grey", "floating-point numbers beside others, or inverted ones")
        return Series(
            members=members,
            planes=planes,
            stack=ordered,
            dtype=np.dtype(max(floating))
            if floating
            else value_type((plane.rescale for plane in planes), stored_range),
            stored_range=stored_range,
            doubts=(
                *doubts,
                *ordered.doubts,
                *inverted,
                *rescale_doubts(plane.elements for plane in planes),
                *(mapping_doubts([plane.elements for plane in planes]) if floating else ()),
            ),
        )


def _planes(member: Member, number: int) -> list[Plane]:
    with named(member.name):
        pixels.decoder_of(member.header.syntax)  # raises for one that cannot be decoded, before pixels are fetched
        return list(planes_of(member.header, member.layout, number))


def _known(series: Series) -> Known:
    """Return what the headers say about the values: the window of all slices, and the factor to SUV of PET."""
    windows = {plane.window for plane in series.planes}
    window = windows.pop() if len(windows) == 1 else None
    datasets = [member.header.dataset for member in series.members]
    try:
        return Known(window=window, suv_factor=suv_factor(datasets))
    except DataError as error:
        return Known(window=window, suv_lacking=error.detail)


def _frames(member: Member) -> Iterator[NDArray[Any]]:
    path = Path(member.file.address)
    with headers.as_data_error(str(path)), path.open("rb") as opened, named(member.name):
        yield from pixels.frames(member.header, member.layout, opened)


def _held_bytes(series: Series) -> int:
    """Return the bytes that are held for each value while the largest file is read: compressed files are in memory."""
    held = [
        member.header.pixels_length if member.header.deflated else member.file.size
        for member in series.members
        if is_compressed(member.header.syntax) or member.header.deflated
    ]
    return math.ceil(max(held, default=0) / math.prod(series.shape))
