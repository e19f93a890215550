"""Checksums of PNG files. Pillow does not compare those of the pixels: it would read damaged pixels as an image."""

from __future__ import annotations

import struct
import zlib

from job.errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNK_OVERHEAD = 12  # bytes of a chunk beside its content: length, kind, checksum


def check(data: bytes) -> None:
    """Raise DataError if the checksum of a chunk is wrong, or if the file ends before its last chunk."""
    view = memoryview(data)
    start = len(SIGNATURE)
    while start + CHUNK_OVERHEAD <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + CHUNK_OVERHEAD + length
        if end > len(data):
            break
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise DataError("unreadable", f"damaged: the checksum of {kind!r} at byte {start} is wrong")
        if kind == b"IEND":
            return
        start = end
    raise DataError("unreadable", f"truncated: no end after {len(data)} bytes")
