"""From stored to meant values: MONOCHROME1, slope and intercept (PS3.3 C.11.1), and the type of the result. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.doubt import Doubt

INTEGERS = ("u1", "u2", "i2", "u4", "i4")
APART = 4  # roundings of float32 between neighbouring values, at least: else float64

INVERTED = Doubt(
    reason="white is lowest",
    detail="PhotometricInterpretation is MONOCHROME1, so the values are inverted: the lowest becomes the highest",
)


@dataclass(frozen=True)
class Rescale:
    """The line from stored to meant values."""

    slope: float = 1.0
    intercept: float = 0.0

    def of(self, stored: tuple[int, int]) -> tuple[float, float]:
        """Return the lowest and the highest value of a stored range."""
        low, high = sorted(self.slope * value + self.intercept for value in stored)
        return low, high


@dataclass(frozen=True, eq=False)
class Table:
    """The whole numbers that stored values stand for (PS3.3 C.11.1, Modality LUT).

    values: of the stored value `first` and those above. Lower ones are as the first of them, higher ones as the last.
    """

    first: int
    values: NDArray[np.integer[Any]]
    slope: float = 1.0
    intercept: float = 0.0

    def of(self, stored: tuple[int, int]) -> tuple[float, float]:
        """Return the lowest and the highest value, whatever is stored."""
        return float(self.values.min()), float(self.values.max())

    def looked_up(self, stored: NDArray[Any]) -> NDArray[np.integer[Any]]:
        """Return what stored values stand for, in the same shape."""
        places = np.clip(stored.astype(np.int64) - self.first, 0, len(self.values) - 1)
        found: NDArray[np.integer[Any]] = self.values[places]
        return found


def value_type(rescales: Iterable[Rescale | Table], stored_range: tuple[int, int]) -> np.dtype[Any]:
    """Return the type of a volume whose slices are rescaled so.

    Integers stay integers. Others become float32, which takes half the memory of float64, unless it is too coarse to
    keep neighbouring values apart.
    """
    lines = set(rescales)
    ranges = [line.of(stored_range) for line in lines]
    lowest, highest = min(low for low, _ in ranges), max(high for _, high in ranges)
    if all(line.slope == 1 and line.intercept.is_integer() for line in lines):
        for integer in INTEGERS:
            if np.iinfo(integer).min <= lowest and highest <= np.iinfo(integer).max:
                return np.dtype(integer)
    rounding = max(-lowest, highest) * np.finfo(np.float32).eps
    is_fine = all(abs(line.slope) >= APART * rounding for line in lines)
    return np.dtype(np.float32 if is_fine else np.float64)


def rescaled(
    stored: NDArray[Any], line: Rescale | Table, dtype: np.dtype[Any], inverted_range: tuple[int, int] | None = None
) -> NDArray[Any]:
    """Return the values of a slice in the type `value_type`. inverted_range: of the stored values of MONOCHROME1."""
    if inverted_range:
        stored = sum(inverted_range) - stored.astype(np.int64)
    if isinstance(line, Table):
        return line.looked_up(stored)
    if dtype.kind in "iu":
        return stored if line.intercept == 0 else stored.astype(np.int64) + int(line.intercept)
    return stored.astype(np.float64) * line.slope + line.intercept
