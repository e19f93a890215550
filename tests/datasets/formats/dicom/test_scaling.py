"""The number type of rescaled values, and the values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from job.datasets.formats.dicom.scaling import Rescale, rescaled, value_type


@pytest.mark.parametrize(
    ("lines", "stored", "expected"),
    [
        ([Rescale()], (0, 255), "uint8"),
        ([Rescale()], (-32768, 32767), "int16"),
        ([Rescale()], (0, 65535), "uint16"),
        ([Rescale(1, -1024.0)], (0, 4095), "int16"),
        ([Rescale(1, -1024.0)], (0, 65535), "int32"),
        ([Rescale(), Rescale(1, -40000.0)], (0, 4095), "int32"),
        ([Rescale(1, 0.5)], (0, 4095), "float32"),
        ([Rescale(0.3)], (0, 65535), "float32"),
        ([Rescale(0.3)], (0, 2**32 - 1), "float64"),
        ([Rescale(1e-6, 1000)], (0, 65535), "float64"),
        ([Rescale(-1)], (0, 255), "float32"),
    ],
)
def test_the_smallest_type_that_keeps_values_apart_is_taken(
    lines: list[Rescale], stored: tuple[int, int], expected: str
) -> None:
    assert value_type(lines, stored) == np.dtype(expected)


@given(
    value=st.integers(-32768, 32767),
    slope=st.floats(1e-4, 1e4),
    intercept=st.floats(-1e6, 1e6),
)
def test_neighbouring_values_stay_apart(value: int, slope: float, intercept: float) -> None:
    line = Rescale(slope, intercept)
    dtype = value_type([line], (-32768, 32767))
    values = rescaled(np.array([value, min(value + 1, 32767)]), line, dtype).astype(dtype)
    assert values[0] < values[1] or value == 32767


def test_monochrome1_is_inverted_before_it_is_rescaled() -> None:
    """Of 12 bits, 0 becomes 4095, which slope 2 and intercept 1 make 8191."""
    stored = np.array([0, 1, 4095], np.uint16)
    assert rescaled(stored, Rescale(2, 1), np.dtype("f4"), (0, 4095)).tolist() == [8191, 8189, 1]


def test_an_intercept_of_one_counts() -> None:
    assert rescaled(np.array([5], np.uint8), Rescale(1, 1.0), np.dtype("u1")).tolist() == [6]


def test_large_intercepts_do_not_overflow() -> None:
    assert rescaled(np.array([30000], np.int16), Rescale(1, 30000.0), np.dtype("i4")).tolist() == [60000]
