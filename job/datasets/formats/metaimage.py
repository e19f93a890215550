"""MetaImage volumes: .mha, and .mhd with the values in a file beside it (itk.org/Wiki/MetaIO/Documentation)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job import storage
from job.datasets.formats import blocks, lps, metaimage_header
from job.datasets.formats.metaimage_header import MetaHeader
from job.datasets.formats.volume import StoredHeader
from job.errors import DataError
from job.storage import FileInfo

ENDINGS = (".mha", ".mhd")
HEAD_BYTES = 1 << 16


def read_header(file: FileInfo) -> StoredHeader:
    """Read grid and orientation from the first bytes of a local or remote file; of an .mhd, from it alone."""
    header = metaimage_header.parse(storage.read_head(file.address, HEAD_BYTES))
    if header.data_file is None:
        _check_length(header, file.size)
    return StoredHeader(
        shape=header.shape,
        affine=lps.affine(header.directions * np.array(header.spacing_mm or (1.0, 1.0, 1.0)), header.origin_mm),
        oriented=header.oriented,
        spacing_mm=header.spacing_mm,
        value_bytes=header.dtype.itemsize,
    )


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read all values of a local file. The caller checks its size by `read_header` before.

    The file with the values of an .mhd is its only member.
    """
    with blocks.opened(Path(file.address)) as stream:
        header = metaimage_header.parse(stream.read(HEAD_BYTES))
    values = Path(file.address if header.data_file is None else _member(file, header.data_file).address)
    with blocks.opened(values) as stream:
        size = values.stat().st_size
        _check_length(header, size)
        stream.seek(_start(header, size))
        parts = blocks.inflated(stream) if header.packed else blocks.blocks(stream)
        return blocks.filled(parts, header.dtype, header.shape)


def _member(file: FileInfo, name: str) -> FileInfo:
    """Return the file beside an .mhd that holds its values."""
    if not file.members:
        detail = f"the values lie in {name}, which is not beside this file; store both as one .mha file"
        raise DataError("values missing", detail)
    return file.members[0]


def _start(header: MetaHeader, size: int) -> int:
    """Return the byte at which the values start. A HeaderSize of -1 means that they end the file."""
    if header.data_file is None:
        return header.offset
    return size - _needed(header) if header.skip < 0 else header.skip


def _check_length(header: MetaHeader, size: int) -> None:
    start = header.offset if header.data_file is None else max(header.skip, 0)
    blocks.check_length(_needed(header), size - start, blocks.DEFLATE_BEST if header.packed else 1)


def _needed(header: MetaHeader) -> int:
    return math.prod(header.shape) * header.dtype.itemsize
