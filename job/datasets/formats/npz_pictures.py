"""Pictures in NumPy archives: an array (rows, columns[, 3]), or an element of an array of such."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.fit import check_bytes, check_picture
from job.datasets.formats.npz_archive import Array, declared, index_of, is_picture, name_of, named, opened, values
from job.datasets.formats.picture import Decoded
from job.datasets.sizes import as_text, check_plane
from job.errors import DataError
from job.storage import FileInfo


def length(file: FileInfo) -> int:
    """Return how many elements an array has along its first axis."""
    with opened(file.address) as archive:
        return declared(archive, named(archive, name_of(file.inside))).shape[0]


def holds_picture(file: FileInfo) -> bool:
    """Return whether what is meant is a picture, not a stack."""
    with opened(file.address) as archive:
        return is_picture(
            declared(archive, named(archive, name_of(file.inside))).shape[index_of(file.inside) is not None :]
        )


def picture_size(file: FileInfo) -> tuple[int, int]:
    """Return the rows and columns of a picture. A remote file is read whole: an archive is listed at its end."""
    with opened(file.address) as archive:
        rows, columns, *_ = _picture_shape(declared(archive, named(archive, name_of(file.inside))), file.inside)
        return rows, columns


def picture(file: FileInfo, max_px: int) -> Decoded:
    """Return an array (rows, columns[, 3]) of a local file, or an element of an array of such, of at most `max_px`."""
    with opened(file.address) as archive:
        array = declared(archive, named(archive, name_of(file.inside)))
        height, width, channels = [*_picture_shape(array, file.inside), 1][:3]
        check_plane(height, width, max_px)
        check_picture(height, width, channels, array.dtype.itemsize)
        index = index_of(file.inside)
        if index is None:
            return Decoded(values=values(archive, array))
    check_bytes(math.prod(array.shape) * array.dtype.itemsize)
    return Decoded(values=np.ascontiguousarray(_held(file.address, file.version, name_of(file.inside))[index]))


@lru_cache(maxsize=2)
def _held(address: str, version: str, name: str) -> NDArray[Any]:
    """Return a whole array. The last two are kept: unpacking them for each element would take hours."""
    with opened(address) as archive:
        return values(archive, declared(archive, named(archive, name)))


def _picture_shape(array: Array, inside: str) -> tuple[int, ...]:
    """Return the shape of a picture; raise DataError for what is none, or is not there."""
    index = index_of(inside)
    shape = array.shape if index is None else array.shape[1:]
    if not is_picture(shape) or (index or 0) >= array.shape[0]:
        detail = f"expected (rows, columns) or (rows, columns, 3), the array's shape is {as_text(array.shape)}"
        raise DataError("several frames", detail)
    return shape
