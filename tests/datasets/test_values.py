"""The distribution of an image's values holds the levels of the intensity rule, wherever they lie."""

import numpy as np
import pytest

from job.datasets.values import distribution


def test_shares_beyond_the_levels():
    """Of 0 to 9, two values are below 2 and three above 6."""
    values = distribution(np.arange(10).reshape(2, 5), (2, 6))
    assert (values.low, values.high, values.below, values.above) == (0, 9, 0.2, 0.3)
    assert values.counts.sum() == 10


def test_levels_beyond_all_values_widen_the_range():
    """So that a window that misses the values can be seen: all counts are in the middle."""
    values = distribution(np.full((4, 4), 50), (0, 100))
    assert (values.start, values.stop) == (0, 100)
    assert values.counts[32] == 16


def test_one_extreme_value_does_not_squeeze_the_others():
    """It counts in the last bin."""
    values = distribution(np.append(np.tile(np.arange(100), 100), 1e9), (0, 99))
    assert values.high == 1e9
    assert values.stop == pytest.approx(99)
    assert values.counts.sum() == 10_001


def test_values_that_are_not_finite_are_left_out():
    """As the levels of a volume leave them out."""
    assert distribution(np.array([0.0, 1.0, np.nan, np.inf]), (0, 1)).counts.sum() == 2


def test_equal_values_and_levels_have_a_distribution():
    """A constant image under `minmax`."""
    assert distribution(np.full((4, 4), 7), (7, 7)).counts.sum() == 16


def test_the_largest_numbers_that_there_are_have_a_distribution():
    """Their difference is infinite."""
    values = distribution(np.array([-1.7e308, 0.5, 1.7e308]), (0, 1))
    assert values.counts.sum() == 3
    assert np.isfinite(values.stop - values.start)
