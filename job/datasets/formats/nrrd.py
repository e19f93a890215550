"""NRRD volumes (.nrrd): the grid from the header, the values as stored, the fastest axis first."""

from __future__ import annotations

import bz2
import gzip
import re
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from job import storage
from job.datasets.formats import blocks, nrrd_header, nrrd_space
from job.datasets.formats.nrrd_header import NrrdHeader
from job.datasets.formats.volume import StoredHeader
from job.datasets.sizes import as_text
from job.errors import DataError
from job.storage import FileInfo

ENDINGS = (".nrrd", ".nhdr")
HEAD_BYTES = 1 << 20  # 3D Slicer writes some hundred bytes for each segment
BEST_RATIO = {"raw": 1.0, "gzip": float(blocks.DEFLATE_BEST), "bzip2": float("inf")}
"""The highest ratio that each encoding can reach. That of bzip2 has no useful bound: its memory is the caller's."""


def read_header(file: FileInfo) -> StoredHeader:
    """Read grid and orientation from the first bytes of a local or remote file."""
    header = parse_volume(storage.read_head(file.address, HEAD_BYTES))
    check_length(header, file.size)
    space = nrrd_space.place(header)
    return StoredHeader(
        shape=header.shape,
        affine=space.affine,
        oriented=space.oriented,
        spacing_mm=space.spacing_mm,
        value_bytes=header.dtype.itemsize,
        doubts=space.doubts,
    )


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read all values from a local file. The caller checks its size by `read_header` before."""
    path = Path(file.address)
    with blocks.opened(path) as stream:
        header = parse_volume(stream.read(HEAD_BYTES))
        check_length(header, path.stat().st_size)
        return read_stream(stream, header).reshape(header.shape, order="F")


def read_stream(stream: BinaryIO, header: NrrdHeader) -> NDArray[Any]:
    """Read the values of all axes, the fastest first, from a file that was opened at any place."""
    stream.seek(header.offset)
    if header.encoding == "raw":
        return blocks.filled(blocks.blocks(stream), header.dtype, header.sizes)
    with gzip.open(stream) if header.encoding == "gzip" else bz2.open(stream) as unpacked:
        return blocks.filled(blocks.blocks(unpacked), header.dtype, header.sizes)


def check_length(header: NrrdHeader, size: int) -> None:
    """Raise DataError if a header declares more values than a file of `size` bytes can hold."""
    blocks.check_length(header.value_bytes, size - header.offset, BEST_RATIO[header.encoding])


def parse_volume(head: bytes) -> NrrdHeader:
    """Return the header of a volume; raise DataError for a file of several volumes or of named segments."""
    header = nrrd_header.parse(head)
    if is_segmentation(header):
        raise DataError("named segments", "3D Slicer's segments are read from a file whose name ends in .seg.nrrd")
    others = [size for axis, size in enumerate(header.sizes) if axis not in header.domain]
    if any(size != 1 for size in others):
        detail = f"expected 3 axes of one number for each voxel, the sizes are {as_text(header.sizes)}; split it"
        raise DataError("several volumes", detail)
    return header


def is_segmentation(header: NrrdHeader) -> bool:
    """Return whether a file holds the named segments of 3D Slicer."""
    return any(re.match(r"Segment(ation|\d+)_", key) for key in header.keys)
