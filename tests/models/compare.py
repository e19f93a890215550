"""How numbers of networks are compared: within a share of the largest magnitude of the reference."""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_close(actual: Any, expected: Any, tolerance: float) -> None:
    """Assert equal shapes, and |actual - expected| <= tolerance * max |expected| for every element.

    The order of a float32 sum depends on the number of threads, and its rounding error grows with the terms. So an
    absolute tolerance is too strict for large values, and one relative to each element is too strict near 0.
    """
    expected = np.asarray(expected)
    assert np.shape(actual) == expected.shape
    largest = np.abs(expected).max() if expected.size else 0
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=0, atol=tolerance * largest)
