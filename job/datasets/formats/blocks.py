"""Values that follow a header: read block by block into memory of the size that the header declares."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from job.errors import DataError
from job.storage import BLOCK, damage_named, text_of

DEFLATE_BEST = 1032  # the highest ratio that deflate can reach
MAX_REST = 1 << 20  # bytes after the values: enough for padding, too few for a decompression bomb
WIDER = {"bool": np.uint8, "float16": np.float32}  # the difference of two half floats may overflow


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a local file; raise StorageError if that fails, and DataError if what is read from it is damaged."""
    kinds = (EOFError, OSError, zlib.error)  # as gzip and bz2 report damage
    with (
        damage_named(str(path), lambda error: f"truncated or damaged: {text_of(error)}", kinds),
        path.open("rb") as file,
    ):
        yield file


def blocks(stream: Any) -> Iterator[bytes]:
    """Yield what a stream holds, a block at a time."""
    while block := stream.read(BLOCK):
        yield block


def inflated(packed: BinaryIO) -> Iterator[bytes]:
    """Yield what a zlib or gzip stream unpacks to, at most a block at a time."""
    unpacker = zlib.decompressobj(wbits=47)  # either header
    while not unpacker.eof:
        data = unpacker.unconsumed_tail or packed.read(BLOCK)
        block = unpacker.decompress(data, BLOCK)
        if not data and not block:
            raise EOFError("the compressed data end too early")
        yield block


def filled(
    parts: Iterable[bytes], dtype: np.dtype[Any], shape: tuple[int, ...], order: Literal["C", "F"] = "F"
) -> NDArray[Any]:
    """Return the values that a stream holds, in this machine's byte order; half floats and booleans are widened.

    parts: the stream, to its end, because only there a checksum is compared. order: F if the first axis runs fastest.
    Raise DataError if there are fewer values than the shape needs, or much more follows them.
    """
    values = np.empty(math.prod(shape), dtype)
    room = values.view(np.uint8)
    at = rest = 0
    for part in parts:
        taken = np.frombuffer(part, np.uint8)[: room.size - at]
        room[at : at + taken.size] = taken
        at += taken.size
        rest += len(part) - taken.size
        if rest > MAX_REST:
            raise DataError("unreadable", f"over {MAX_REST} bytes follow the values that the header declares")
    if at < room.size:
        raise DataError("unreadable", f"truncated: the header declares {room.size} bytes of values, {at} follow")
    if not dtype.isnative:
        values = values.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return values.astype(WIDER.get(dtype.name, values.dtype), copy=False).reshape(shape, order=order)


def check_length(needed: int, size: int, best_ratio: float = 1) -> None:
    """Raise DataError if a header declares more bytes of values than a file can hold. Nothing is allocated before.

    best_ratio: the highest ratio that the file's compression can reach.
    """
    if needed > size * best_ratio:
        raise DataError("unreadable", f"truncated: the header declares {needed} bytes of values, the file has {size}")
