"""NumPy archives (.npz) of MedSAM and MedSegBench: stacks of slices, or pictures, one array each.

Which array is meant is stated by `inside`, such as `gts` for `case.npz#gts` in the spec. Nothing is unpickled: an array
of objects, such as MedSAM's `boxes`, is never loaded.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from job import storage
from job.datasets.doubt import Doubt
from job.datasets.fit import check_bytes, check_picture
from job.datasets.formats import blocks
from job.datasets.formats.picture import Decoded
from job.datasets.formats.volume import StoredHeader, stack_affine
from job.datasets.sizes import as_text, check_axes, check_plane
from job.errors import DataError
from job.storage import FileInfo

ENDINGS = (".npz",)
IMAGES = "imgs"
HEAD_BYTES = 1 << 14  # NumPy refuses a header of more than 10,000
BESIDE = ("spacing", "boxes")
"""Arrays that lie beside images or labels and are neither."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Array:
    """One array of an archive, as its header declares it; `offset` bytes of its file are the header."""

    entry: zipfile.ZipInfo
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    offset: int


def read_header(file: FileInfo) -> StoredHeader:
    """Read shape, type and spacing of a stack. A remote file is read whole: an archive is listed at its end."""
    with _archive(file.address) as archive:
        array = _declared(archive, _named(archive, _name(file.inside)))
        shape = _stack(array)
        spacing, doubts = _spacing(archive)
        widened = np.dtype(blocks.WIDER.get(array.dtype.name, array.dtype))
        return StoredHeader(
            shape=shape,
            affine=stack_affine(spacing),
            oriented=False,
            spacing_mm=spacing,
            value_bytes=widened.itemsize,
            doubts=doubts,
        )


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read a stack (slices, rows, columns). The caller checks its size by `read_header` before."""
    with _archive(file.address) as archive:
        array = _declared(archive, _named(archive, _name(file.inside)))
        _stack(array)
        return _values(archive, array)


def length(file: FileInfo) -> int:
    """Return how many elements an array has along its first axis."""
    with _archive(file.address) as archive:
        return _declared(archive, _named(archive, _name(file.inside))).shape[0]


def holds_picture(file: FileInfo) -> bool:
    """Return whether what is meant is a picture, not a stack."""
    with _archive(file.address) as archive:
        return _is_picture(
            _declared(archive, _named(archive, _name(file.inside))).shape[_index(file.inside) is not None :]
        )


def picture_size(file: FileInfo) -> tuple[int, int]:
    """Return the rows and columns of a picture. A remote file is read whole: an archive is listed at its end."""
    with _archive(file.address) as archive:
        rows, columns, *_ = _picture_shape(_declared(archive, _named(archive, _name(file.inside))), file.inside)
        return rows, columns


def picture(file: FileInfo, max_px: int) -> Decoded:
    """Return an array (rows, columns[, 3]) of a local file, or an element of an array of such, of at most `max_px`."""
    with _archive(file.address) as archive:
        array = _declared(archive, _named(archive, _name(file.inside)))
        height, width, channels = [*_picture_shape(array, file.inside), 1][:3]
        check_plane(height, width, max_px)
        check_picture(height, width, channels, array.dtype.itemsize)
        index = _index(file.inside)
        if index is None:
            return Decoded(values=_values(archive, array))
    check_bytes(math.prod(array.shape) * array.dtype.itemsize)
    return Decoded(values=np.ascontiguousarray(_held(file.address, file.version, _name(file.inside))[index]))


@lru_cache(maxsize=2)
def _held(address: str, version: str, name: str) -> NDArray[Any]:
    """Return a whole array. The last of images and of masks are kept: unpacking them for each element would take hours."""
    with _archive(address) as archive:
        return _values(archive, _declared(archive, _named(archive, name)))


def _name(inside: str) -> str:
    return inside.partition("[")[0]


def _index(inside: str) -> int | None:
    """Return which element of an array is meant; None for the whole."""
    number = inside.partition("[")[2].rstrip("]")
    return int(number) if number.isdigit() else None


def _picture_shape(array: _Array, inside: str) -> tuple[int, ...]:
    """Return the shape of a picture; raise DataError for what is none, or is not there."""
    index = _index(inside)
    shape = array.shape if index is None else array.shape[1:]
    if not _is_picture(shape) or (index or 0) >= array.shape[0]:
        detail = f"expected (rows, columns) or (rows, columns, 3), the array's shape is {as_text(array.shape)}"
        raise DataError("several frames", detail)
    return shape


@contextmanager
def _archive(address: str) -> Iterator[zipfile.ZipFile]:
    path = storage.local_path(address)
    with blocks.opened(path) if path else io.BytesIO(storage.read(address)) as stream, _zip(stream) as archive:
        yield archive


@contextmanager
def _zip(stream: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Open an archive, and turn what zipfile and NumPy raise for a damaged one into a DataError."""
    try:
        with zipfile.ZipFile(stream) as archive:
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise DataError("unreadable", f"not a NumPy archive, or a damaged one: {error}") from None


def _named(archive: zipfile.ZipFile, name: str) -> str:
    """Return the name of the array that is meant: the one that is named, else `imgs`, else the only one."""
    names = [entry.removesuffix(".npy") for entry in archive.namelist() if entry.endswith(".npy")]
    candidates = [each for each in names if each not in BESIDE]
    if name in names:
        return name
    if not name and (IMAGES in names or len(candidates) == 1):
        return IMAGES if IMAGES in names else candidates[0]
    wanted = f"no array {name[:80]!r} in this archive" if name else "which array is meant is not stated"
    detail = f"{wanted}; it holds {', '.join(names)[:400] or 'none'}; add `#` and a name to the file's name"
    raise DataError("array missing", detail)


def _declared(archive: zipfile.ZipFile, name: str) -> _Array:
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
    return _Array(entry=entry, dtype=dtype, shape=shape, order="F" if is_fortran else "C", offset=offset)


def _values(archive: zipfile.ZipFile, array: _Array) -> NDArray[Any]:
    with archive.open(array.entry) as stream:
        stream.read(array.offset)
        return blocks.filled(blocks.blocks(stream), array.dtype, array.shape, array.order)


def _is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)


def _stack(array: _Array) -> tuple[int, int, int]:
    """Return the lengths of a stack; raise DataError for what is none."""
    if len(array.shape) != 3 or _is_picture(array.shape):
        kind = "a picture" if _is_picture(array.shape) else "no stack"
        detail = f"expected an array (slices, rows, columns), the shape {as_text(array.shape)} is that of {kind}"
        raise DataError("not a volume", detail)
    slices, rows, columns = array.shape
    check_axes((slices, rows, columns))
    return slices, rows, columns


def _spacing(archive: zipfile.ZipFile) -> tuple[tuple[float, float, float] | None, tuple[Doubt, ...]]:
    """Return the millimetres between slices, rows and columns, None if they are not known, and a doubt about them.

    MedSAM's pre_CT_MR.py stores what SimpleITK's GetSpacing returns: columns, rows, slices. No document promises it.
    """
    if "spacing.npy" not in archive.namelist():
        return None, ()
    array = _declared(archive, "spacing")
    if array.shape != (3,) or array.dtype.kind not in "uif":
        return None, (Doubt(reason="spacing unknown", detail=f"`spacing` has the shape {as_text(array.shape)}, not 3"),)
    x_mm, y_mm, z_mm = (float(length) for length in _values(archive, array))
    if x_mm == y_mm and all(math.isfinite(mm) and mm > 0 for mm in (x_mm, z_mm)):
        return (z_mm, y_mm, x_mm), ()
    detail = f"`spacing` is {x_mm:g}, {y_mm:g}, {z_mm:g}: whether the slices' distance is first or last is not certain"
    return None, (Doubt(reason="spacing unknown", detail=detail),)
