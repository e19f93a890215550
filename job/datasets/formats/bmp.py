"""BMP files of 1, 4 or 8 bits: indices and palette. Pillow reads some palettes of two colours as 1-bit pixels."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from job.datasets.formats.picture import Decoded
from job.errors import DataError

FILE_HEADER = 14  # bytes; the picture's header follows it
CORE_HEADER = 12  # bytes of the oldest kind of header, whose palette has three bytes a colour, not four


def decode_palette(data: bytes, height: int, width: int) -> Decoded | None:
    """Decode an uncompressed file with a palette; return None for a file without one.

    height, width: as stated by the header, and checked. A palette whose index i is the grey i is no palette: the
    values are greys.
    """
    offset, header = struct.unpack_from("<II", data, 10)
    core = header == CORE_HEADER
    bits = struct.unpack_from("<H", data, 24 if core else 28)[0]
    if bits not in (1, 4, 8):
        return None
    compression, used = (0, 0) if core else struct.unpack_from("<I12xI", data, 30)
    if compression:
        raise DataError("unreadable", "a BMP with a compressed palette (RLE), which is not supported; store it as PNG")
    downwards = not core and struct.unpack_from("<i", data, 22)[0] < 0  # else the last row comes first
    indices = _indices(data, offset, height, width, bits)
    palette = _palette(data, FILE_HEADER + header, offset, 3 if core else 4, used or 1 << bits)
    is_grey = np.array_equal(palette, np.repeat(np.arange(len(palette))[:, None], 3, axis=1))
    return Decoded(
        values=np.ascontiguousarray(indices if downwards else indices[::-1]), palette=None if is_grey else palette
    )


def _indices(data: bytes, offset: int, height: int, width: int, bits: int) -> NDArray[np.uint8]:
    """Unpack the rows, as stored. Each fills whole groups of four bytes."""
    stride = (width * bits + 31) // 32 * 4
    rows = np.frombuffer(data, np.uint8, height * stride, offset).reshape(height, stride)
    if bits == 8:
        return rows[:, :width]
    if bits == 4:
        return np.dstack([rows >> 4, rows & 15]).reshape(height, -1)[:, :width]
    return np.unpackbits(rows, axis=1)[:, :width]


def _palette(data: bytes, start: int, end: int, size: int, count: int) -> NDArray[np.uint8]:
    """Return the colours, Nx3 RGB. Stored are blue, green and red, and a fourth byte if size is 4."""
    count = min(count, 256, (end - start) // size, (len(data) - start) // size)
    if count < 1:
        raise DataError("unreadable", "damaged: a BMP without its palette")
    colours = np.frombuffer(data, np.uint8, count * size, start).reshape(count, size)
    return np.ascontiguousarray(colours[:, 2::-1])
