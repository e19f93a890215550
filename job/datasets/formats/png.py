"""PNG's checksums. Pillow compares none of those of the pixels, so that damaged ones would pass for an image."""

from __future__ import annotations

import struct
import zlib

from job.errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
AROUND = 12  # bytes of a chunk beside its content: length, kind, checksum


def check(data: bytes) -> None:
    """Refuse a PNG with a chunk whose checksum is wrong, or that ends before its last chunk."""
    view = memoryview(data)
    start = len(SIGNATURE)
    while start + AROUND <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + AROUND + length
        if end > len(data):
            break
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise DataError("unreadable", f"damaged: the checksum of {kind!r} at byte {start} is wrong")
        if kind == b"IEND":
            return
        start = end
    raise DataError("unreadable", f"truncated: {len(data)} bytes, and no end")
