"""MATLAB files (.mat): an array as a stack, by its name, such as `case.mat#image`. Version 7.3 is HDF5."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, whosmat

from job import storage
from job.datasets.formats import hdf5
from job.datasets.formats.volume import StoredHeader, stack_affine
from job.datasets.sizes import as_text, check_axes
from job.errors import DataError
from job.storage import FileInfo, damage_named, text_of

ENDINGS = (".mat",)
HDF5_AT = 512  # MATLAB 7.3 puts a block of its own before an HDF5 file
BYTES = {"logical": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4}
BYTES |= {"int64": 8, "uint64": 8, "single": 4, "double": 8}
"""The classes of arrays that are read, and the bytes of a value."""
NAMED = 20


def read_header(file: FileInfo) -> StoredHeader:
    """Read shape and class of an array. A remote file is read whole: its arrays may lie anywhere."""
    if _is_hdf5(file):
        stored = hdf5.read_header(file)
        return replace(stored, shape=(stored.shape[2], stored.shape[1], stored.shape[0]))
    shape, kind = _declared(file)
    return StoredHeader(shape=shape, affine=stack_affine(None), oriented=False, value_bytes=BYTES[kind])


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read an array, three axes as stored. The caller checks its size by `read_header` before."""
    if _is_hdf5(file):
        return hdf5.read_values(file).T  # MATLAB's first axis runs fastest, HDF5's last
    shape, _ = _declared(file)
    with damage_named(file.address, _damaged):
        values = np.asarray(loadmat(file.address, variable_names=[file.inside])[file.inside])
    if values.shape != shape or values.dtype.kind not in "buif":
        raise DataError("unreadable", f"damaged: the array {file.inside} is not what its header states")
    return values


def _is_hdf5(file: FileInfo) -> bool:
    return hdf5.MAGIC in (storage.read_head(file.address, HDF5_AT + 8)[at : at + 8] for at in (0, HDF5_AT))


def _declared(file: FileInfo) -> tuple[tuple[int, int, int], str]:
    """Return the shape and class of the array that is meant, from the headers alone."""
    path = storage.local_path(file.address)
    stream: Any = str(path) if path else io.BytesIO(storage.read(file.address))
    with damage_named(file.address, _damaged):
        found = {name: (shape, kind) for name, shape, kind in whosmat(stream)}
    if file.inside not in found:
        wanted = f"no array {file.inside!r} in this file" if file.inside else "which array is meant is not stated"
        listed = ", ".join(list(found)[:NAMED]) or "none"
        raise DataError("array missing", f"{wanted}; it holds {listed}; add `#` and a name to the file's name")
    shape, kind = found[file.inside]
    if kind not in BYTES or len(shape) != 3:
        raise DataError("not a volume", f"expected numbers along three axes, found {as_text(shape)} of {kind}")
    a, b, c = shape
    check_axes((a, b, c))
    return (a, b, c), kind


def _damaged(error: Exception) -> str:
    return f"not a MATLAB file, or a damaged one: {text_of(error)}"
