"""NumPy archives (.npz): which arrays they hold, by their headers, and their values. Nothing is unpickled."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from job import storage
from job.datasets.formats import blocks
from job.datasets.sizes import as_text
from job.errors import DataError
from job.storage import damage_named, text_of

IMAGES = "imgs"
HEAD_BYTES = 1 << 14  # NumPy refuses a header of more than 10,000
BESIDE = ("spacing", "boxes")
"""Arrays that lie beside images or labels and are neither."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Array:
    """One array of an archive, as its header declares it; `offset` bytes of its file are the header."""

    entry: zipfile.ZipInfo
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    offset: int


@contextmanager
def opened(address: str) -> Iterator[zipfile.ZipFile]:
    """Open a local archive, or a remote one that is read whole, because an archive is listed at its end."""
    path = storage.local_path(address)
    with blocks.opened(path) if path else io.BytesIO(storage.read(address)) as stream, _zip(stream, address) as archive:
        yield archive


@contextmanager
def _zip(stream: BinaryIO, address: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive, and turn what zipfile and NumPy raise for a damaged one into a DataError."""
    kinds = (zipfile.BadZipFile, RuntimeError, EOFError, ValueError)
    with damage_named(address, _damaged, kinds), zipfile.ZipFile(stream) as archive:
        yield archive


def _damaged(error: Exception) -> str:
    return f"not a NumPy archive, or a damaged one: {text_of(error)}"


def named(archive: zipfile.ZipFile, name: str) -> str:
    """Return the name of the array that is meant: the one that is named, else `imgs`, else the only one."""
    names = [entry.removesuffix(".npy") for entry in archive.namelist() if entry.endswith(".npy")]
    candidates = [each for each in names if each not in BESIDE]
    if name in names:
        return name
    if not name and (IMAGES in names or len(candidates) == 1):
        return IMAGES if IMAGES in names else candidates[0]
    if not names:
        raise DataError(
            "array missing", "a zip archive without NumPy arrays; name files in it after `#`, such as x.zip#a/*.png"
        )
    wanted = f"no array {name[:80]!r} in this archive" if name else "which array is meant is not stated"
    detail = f"{wanted}; it holds {', '.join(names)[:400]}; add `#` and a name to the file's name"
    raise DataError("array missing", detail)


def declared(archive: zipfile.ZipFile, name: str) -> Array:
    """Read an array's header; raise DataError if it is no plain array, or is not of the size that it declares."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError("unreadable", f"the array {name[:80]} is packed in a way that NumPy does not write")
    with archive.open(entry) as packed:
        stream = io.BytesIO(packed.read(HEAD_BYTES))  # NumPy reads a header of any length that it claims
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise DataError("unreadable", f"the array {name[:80]} has a header of version {version}")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, is_fortran, dtype = read(stream)
    offset = stream.tell()
    if dtype.kind not in "buif" or dtype.itemsize > 8:
        raise DataError("unreadable", f"the array {name[:80]} holds {dtype}; expected whole or floating-point numbers")
    if not shape or min(shape) < 1:
        raise DataError("unreadable", f"the array {name[:80]} has the shape {as_text(shape) or '()'}")
    if math.prod(shape) * dtype.itemsize + offset != entry.file_size:
        detail = f"the array {name[:80]} declares {as_text(shape)} {dtype}, its file has {entry.file_size} bytes"
        raise DataError("unreadable", detail)
    blocks.check_length(entry.file_size, entry.compress_size, blocks.DEFLATE_BEST)
    return Array(entry=entry, dtype=dtype, shape=shape, order="F" if is_fortran else "C", offset=offset)


def values(archive: zipfile.ZipFile, array: Array) -> NDArray[Any]:
    """Read an array, in its own shape and order of axes."""
    with archive.open(array.entry) as stream:
        stream.read(array.offset)
        return blocks.filled(blocks.blocks(stream), array.dtype, array.shape, array.order)


def name_of(inside: str) -> str:
    """Return the name of the array that is meant, without the number of an element; "" if it is not stated."""
    return inside.partition("[")[0]


def index_of(inside: str) -> int | None:
    """Return which element of an array is meant; None for the whole."""
    number = inside.partition("[")[2].rstrip("]")
    return int(number) if number.isdigit() else None


def is_picture(shape: tuple[int, ...]) -> bool:
    """Return whether a shape is (rows, columns) or (rows, columns, 3)."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
