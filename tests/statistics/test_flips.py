"""Exact p-values are those of scipy's permutation tests."""

import numpy as np
import pytest
from scipy import stats

from job.statistics.paired_tests import flip_test, rank_test


@pytest.mark.parametrize("clusters", [6, 9])
def test_all_flips_are_those_of_scipy(clusters):
    """A permutation test of paired samples, over all 2^P flips."""
    weights = np.random.default_rng(clusters).normal(0.3, 1, clusters)
    expected = stats.permutation_test((weights,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert flip_test(weights, np.empty(0)) == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("values", [
    (0.2, 0.2, -0.1, 0.3, 0.4, 0.5), (0, 0, 0.1, -0.2, 0.3, 0.4, 0.5, 0.6), (0.1, -0.1, 0.2, 0.3, -0.3, 0.3, 0.4, 0.7),
])  # fmt: skip
def test_wilcoxon_is_exact_with_ties_and_zeros(values):
    """As scipy, which permutes up to 13 differences."""
    expected = stats.wilcoxon(values, zero_method="pratt", correction=False, method=stats.PermutationMethod())
    assert rank_test(np.array(values)).wilcoxon_p == pytest.approx(expected.pvalue)


def test_fourteen_tied_differences_are_asymptotic():
    """Beyond 13, scipy has no exact distribution with ties."""
    values = np.array([0.1, 0.1, *(0.01 * k for k in range(-5, 8) if k)])
    expected = stats.wilcoxon(values, zero_method="pratt", correction=False, method="asymptotic")
    assert rank_test(values).wilcoxon_p == pytest.approx(expected.pvalue)
