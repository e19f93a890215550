"""How many bytes a packed chunk of a Zarr file unpacks to, known before it is unpacked."""

from __future__ import annotations

import zlib

from job.errors import DataError

BLOCK = 1 << 20
ZSTD = b"\x28\xb5\x2f\xfd"
UNKNOWN = 1 << 64


def check_chunk(data: bytes, compressor: str, most: int) -> None:
    """Raise DataError if a chunk unpacks to more than `most` bytes, or does not say to how many."""
    size = SIZES[compressor](data, most)
    if size > most:
        stated = f"to {size} bytes" if size < UNKNOWN else "to a size that it does not state"
        raise DataError("unreadable", f"damaged: a chunk of {most} bytes unpacks {stated}")


def _plain(data: bytes, most: int) -> int:
    return len(data)


def _blosc(data: bytes, most: int) -> int:
    """Read the size of Blosc's header: version, versions, flags, type size, bytes, block size, packed bytes."""
    return int.from_bytes(data[4:8], "little") if len(data) >= 16 else UNKNOWN


def _lz4(data: bytes, most: int) -> int:
    """Read the size that numcodecs stores before LZ4's block."""
    return int.from_bytes(data[:4], "little") if len(data) > 4 else UNKNOWN


def _zstd(data: bytes, most: int) -> int:
    """Read the size of Zstandard's frame header (RFC 8878, 3.1.1.1)."""
    if data[:4] != ZSTD or len(data) < 6:
        return UNKNOWN
    descriptor = data[4]
    flag, single, dictionary = descriptor >> 6, descriptor >> 5 & 1, (0, 1, 2, 4)[descriptor & 3]
    length = (single, 2, 4, 8)[flag]
    start = 5 + (not single) + dictionary
    if not length:
        return UNKNOWN
    return int.from_bytes(data[start : start + length], "little") + (256 if length == 2 else 0)


def _deflated(data: bytes, most: int) -> int:
    """Unpack, and count, at most a block more than may be."""
    unpacker, size, rest = zlib.decompressobj(wbits=47), 0, data
    try:
        while rest and not unpacker.eof and size <= most:
            size += len(unpacker.decompress(rest, BLOCK))
            rest = unpacker.unconsumed_tail
    except zlib.error as error:
        raise DataError("unreadable", f"damaged: {error}") from None
    return size


SIZES = {"": _plain, "blosc": _blosc, "lz4": _lz4, "zstd": _zstd, "gzip": _deflated, "zlib": _deflated}
