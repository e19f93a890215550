"""The comparison of numbers scales with the reference."""

import numpy as np
import pytest

from tests.models.compare import assert_close


def test_the_tolerance_scales_with_the_largest_magnitude_of_the_reference() -> None:
    """1e-3 of 30 allows a difference of 0.03, also for an element near 0."""
    reference = np.array([0.0, -30.0, 7.0])
    assert_close(reference + 0.029, reference, 1e-3)
    with pytest.raises(AssertionError):
        assert_close(reference + 0.031, reference, 1e-3)


def test_a_reference_of_zeros_must_be_met_exactly() -> None:
    """A share of 0 is 0."""
    assert_close(np.zeros(2), np.zeros(2), 1e-3)
    with pytest.raises(AssertionError):
        assert_close(np.array([0.0, 1e-9]), np.zeros(2), 1e-3)


def test_another_shape_is_not_close() -> None:
    """Neither a scalar nor a row is broadcast."""
    for actual in (1.0, np.ones((1, 3))):
        with pytest.raises(AssertionError):
            assert_close(actual, np.ones((2, 3)), 1e-3)
