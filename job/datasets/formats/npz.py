"""Stacks of slices in NumPy archives (.npz), such as those of MedSAM.

Which array is meant is stated by `inside`, such as `gts` for `case.npz#gts` in the spec. Nothing is unpickled: an array
of objects, such as MedSAM's `boxes`, is never loaded.
"""

from __future__ import annotations

import math
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.doubt import Doubt
from job.datasets.formats import blocks
from job.datasets.formats.npz_archive import Array, declared, is_picture, name_of, named, opened, values
from job.datasets.formats.volume import StoredHeader, stack_affine
from job.datasets.sizes import as_text, check_axes
from job.errors import DataError
from job.storage import FileInfo

ENDINGS = (".npz",)


def read_header(file: FileInfo) -> StoredHeader:
    """Read shape, type and spacing of a stack. A remote file is read whole: an archive is listed at its end."""
    with opened(file.address) as archive:
        array = declared(archive, named(archive, name_of(file.inside)))
        shape = _stack(array)
        spacing, doubts = _spacing(archive)
        widened = np.dtype(blocks.WIDER.get(array.dtype.name, array.dtype))
        return StoredHeader(
            shape=shape,
            affine=stack_affine(spacing),
            oriented=False,
            spacing_mm=spacing,
            slices_first=True,
            value_bytes=widened.itemsize,
            doubts=doubts,
        )


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read a stack (slices, rows, columns). The caller checks its size by `read_header` before."""
    with opened(file.address) as archive:
        array = declared(archive, named(archive, name_of(file.inside)))
        _stack(array)
        return values(archive, array)


def _stack(array: Array) -> tuple[int, int, int]:
    """Return the lengths of a stack; raise DataError for what is none."""
    if len(array.shape) != 3 or is_picture(array.shape):
        kind = "a picture" if is_picture(array.shape) else "no stack"
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
    array = declared(archive, "spacing")
    if array.shape != (3,) or array.dtype.kind not in "uif":
        return None, (Doubt(reason="spacing unknown", detail=f"`spacing` has the shape {as_text(array.shape)}, not 3"),)
    x_mm, y_mm, z_mm = (float(length) for length in values(archive, array))
    if x_mm == y_mm and all(math.isfinite(mm) and mm > 0 for mm in (x_mm, z_mm)):
        return (z_mm, y_mm, x_mm), ()
    detail = f"`spacing` is {x_mm:g}, {y_mm:g}, {z_mm:g}: whether the slices' distance is first or last is not certain"
    return None, (Doubt(reason="spacing unknown", detail=detail),)
