"""3D Slicer's segmentations (.seg.nrrd): label maps in layers, and a name for each value of each layer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from job.datasets.fit import check_bytes
from job.datasets.formats import blocks, nrrd, nrrd_header, nrrd_space
from job.datasets.formats.nrrd_header import NrrdHeader
from job.datasets.formats.segments import on_grid
from job.datasets.formats.segments.segment import Drawn, Segment, Segmentation, empty_mask
from job.datasets.geometry import Grid
from job.datasets.sizes import as_text
from job.errors import DataError

KEY = re.compile(r"Segment(\d{1,6})_(Name|LabelValue|Layer|ID)")


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """Where a segment is stored: the value in a layer."""

    segment: Segment
    layer: int
    value: int


def read_seg_nrrd(path: Path) -> Segmentation:
    """Read the segments of a local file. A segment's number is N of its keys `SegmentN_…`."""
    with blocks.opened(path) as stream:
        header = nrrd_header.parse(stream.read(nrrd.HEAD_BYTES))
        nrrd.check_length(header, path.stat().st_size)
        check_bytes(header.value_bytes)
        space = nrrd_space.place(header)
        if not space.oriented:
            raise DataError("orientation unknown", "the header states no space and directions; export it again")
        stored = {each.segment: each for each in _stored(header)}
        layers = _layers(nrrd.read_stream(stream, header), header)
    for each in stored.values():
        if each.layer >= len(layers):
            detail = f"{each.segment.name!r} lies in layer {each.layer} of {len(layers)}"
            raise DataError("unreadable", detail)

    def drawn(segment: Segment, grid: Grid) -> Drawn:
        # The affine holds the offset that Segmentation_ReferenceImageExtentOffset states for smaller extents.
        place = on_grid.place(header.shape, space.affine, grid)
        mask_XYZ = empty_mask(grid)
        place.add(layers[stored[segment].layer] == stored[segment].value, mask_XYZ)
        return Drawn(mask_XYZ=mask_XYZ)

    return Segmentation(segments=tuple(stored), drawn=drawn, doubts=space.doubts)


def _layers(values: NDArray[np.generic], header: NrrdHeader) -> NDArray[np.generic]:
    """Return the layers, each with the axes of the volume in their order. A view."""
    others = [axis for axis in range(len(header.sizes)) if axis not in header.domain]
    if len(others) > 1:
        raise DataError("unreadable", f"expected one axis of layers, the sizes are {as_text(header.sizes)}")
    return np.moveaxis(values, others[0], 0) if others else values[np.newaxis]


def _stored(header: NrrdHeader) -> Iterator[_Stored]:
    """Yield the segments in the order of their numbers. Before 4.11, each had a layer of its own, with the value 1."""
    keys = [match for match in map(KEY.fullmatch, header.keys) if match]
    has_layers = len(header.sizes) > len(header.domain)
    for number in sorted({int(match[1]) for match in keys}):
        name = header.keys.get(f"Segment{number}_Name", header.keys.get(f"Segment{number}_ID", ""))
        yield _Stored(
            segment=Segment(number=number, name=_unescaped(name)),
            layer=_number(header, f"Segment{number}_Layer", number if has_layers else 0),
            value=_number(header, f"Segment{number}_LabelValue", 1),
        )


def _number(header: NrrdHeader, key: str, default: int) -> int:
    text = header.keys.get(key, str(default))
    if not re.fullmatch(r"\d{1,10}", text):
        raise DataError("unreadable", f"expected a whole number as {key}, found {text[:80]!r}")
    return int(text)


def _unescaped(value: str) -> str:
    """Return the value of a key, in which NRRD writes line feeds and backslashes as two characters."""
    return re.sub(r"\\([n\\])", lambda match: "\n" if match[1] == "n" else "\\", value)
