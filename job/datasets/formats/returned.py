"""What a format of another package may return: anything, of which other voxels could be read as the image's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.formats.volume import StoredHeader

NUMBERS = "biuf"
"""Kinds of numpy's types: boolean, signed, unsigned, floating."""


def header_fault(header: Any) -> str:
    """Return what is wrong with a header, "" if it is sound: its type, shape, affine, spacing, bytes of a value."""
    if not isinstance(header, StoredHeader):
        return f"expected a StoredHeader, got {_named(header)}"
    if not _is_shape(header.shape):
        return f"shape: expected three positive integers, got {header.shape!r}"
    if not isinstance(header.affine, np.ndarray) or header.affine.shape != (4, 4) or not _are_numbers(header.affine):
        return f"affine: expected an array of 4 x 4 numbers, got {_named(header.affine)}"
    if header.spacing_mm is not None and not _is_spacing(header.spacing_mm):
        return f"spacing_mm: expected three positive numbers or None, got {header.spacing_mm!r}"
    if not isinstance(header.value_bytes, int | np.integer) or header.value_bytes < 1:
        return f"value_bytes: expected a positive integer, got {header.value_bytes!r}"
    return ""


def values_fault(values: Any) -> str:
    """Return what is wrong with the values of a volume, "" if they are an array of three axes of numbers."""
    if not isinstance(values, np.ndarray) or values.ndim != 3 or not _are_numbers(values):
        return f"expected an array of three axes of numbers, got {_named(values)}"
    return ""


def _is_shape(shape: Any) -> bool:
    sizes = shape if isinstance(shape, tuple | list) else ()
    return len(sizes) == 3 and all(isinstance(size, int | np.integer) and size > 0 for size in sizes)


def _is_spacing(spacing: Any) -> bool:
    try:
        spacing_3 = np.array(spacing, np.float64)
    except (TypeError, ValueError):
        return False
    return spacing_3.shape == (3,) and bool(np.isfinite(spacing_3).all() and (spacing_3 > 0).all())


def _are_numbers(values: NDArray[Any]) -> bool:
    return values.dtype.kind in NUMBERS


def _named(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{' x '.join(map(str, value.shape))} of {value.dtype}"
    return type(value).__name__
