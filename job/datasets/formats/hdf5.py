"""HDF5 files (.h5, .hdf5, and .mat of MATLAB 7.3): an array as a stack, by its name, such as `case.h5#image`.

It needs h5py, which the extra `medsam-job[hdf5]` brings. Links that lead out of the file are refused, and so are arrays
whose values lie elsewhere: a file must not make a study read another one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job import storage
from job.datasets.formats.blocks import WIDER
from job.datasets.formats.volume import StoredHeader, stack_affine
from job.datasets.sizes import as_text, check_axes
from job.errors import DataError
from job.storage import FileInfo, damage_named

ENDINGS = (".h5", ".hdf5", ".he5")
MAGIC = b"\x89HDF\r\n\x1a\n"
FILTERS = {1, 2, 3, 4, 5, 6, 32000}
"""HDF5's own filters (deflate, shuffle, Fletcher-32, szip, n-bit, scale-offset) and LZF, which h5py brings. HDF5 would
load the code of others from a folder of plug-ins."""
NAMED = 20


def read_header(file: FileInfo) -> StoredHeader:
    """Read shape and type of an array. A remote file is read whole: its parts may lie anywhere."""
    with _array(file) as array:
        a, b, c = array.shape
        check_axes((a, b, c))
        return StoredHeader(
            shape=(a, b, c), affine=stack_affine(None), oriented=False, value_bytes=_widened(array.dtype).itemsize
        )


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read an array, three axes as stored. The caller checks its size by `read_header` before."""
    with _array(file) as array:
        return np.asarray(array[()]).astype(_widened(array.dtype), copy=False)


@contextmanager
def _array(file: FileInfo) -> Iterator[Any]:
    """Open the array that is meant; turn whatever h5py raises for a damaged file into a DataError."""
    h5py = _h5py()
    path = storage.local_path(file.address)
    with damage_named(file.address), h5py.File(path or io.BytesIO(storage.read(file.address)), "r") as opened:
        yield _checked(h5py, opened, file.inside)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise DataError("unreadable", "HDF5 needs h5py: pip install 'medsam-job[hdf5]'") from None
    return h5py


def _checked(h5py: Any, opened: Any, name: str) -> Any:
    """Return the array of a name; raise DataError if there is none, or it is no plain array of three axes."""
    names = [key for key in opened if isinstance(opened.get(key, getlink=True), h5py.HardLink)]
    if name not in names or not isinstance(opened[name], h5py.Dataset):
        wanted = f"no array {name!r} in this file" if name else "which array is meant is not stated"
        listed = ", ".join(names[:NAMED]) or "none of its own"
        raise DataError("array missing", f"{wanted}; it holds {listed}; add `#` and a name to the file's name")
    array = opened[name]
    settings = array.id.get_create_plist()
    filters = {settings.get_filter(index)[0] for index in range(settings.get_nfilters())}
    if array.external or array.is_virtual or not filters <= FILTERS:
        raise DataError("unreadable", f"the array {name} lies in other files, or is packed in a way that is not read")
    if array.dtype.kind not in "buif" or array.dtype.itemsize > 8 or array.ndim != 3:
        found = f"{as_text(array.shape) or 'one value'} of {array.dtype}"
        raise DataError("not a volume", f"expected numbers along three axes, {name} holds {found}")
    return array


def _widened(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in memory, in this machine's byte order."""
    return np.dtype(WIDER.get(dtype.name, dtype.newbyteorder("=")))
