"""Tests of paired differences by cluster, pure: numpy arrays in, numbers out.

The primary test flips the signs of the clusters' sums of differences, so that p and interval speak of one statistic,
the mean over objects. The secondary test is Wilcoxon's signed-rank test (1945; zeros as by Pratt 1959) on the means of
clusters, with the matched-pairs rank-biserial correlation (Kerby 2014).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from job.statistics.resampling import DIGITS, RESAMPLES, Floats, generator

MOST_ENUMERATED = 12
"""Up to this many clusters with a difference, all flips are tried."""
MOST_PERMUTED = 13
"""Up to this many differences, scipy has the exact distribution of Wilcoxon's test although some are ties or zero."""
FEWEST_DIFFERENCES = 6
"""Fewer differences that are not zero are not tested: no p could be below 0.05."""


@dataclass(frozen=True, kw_only=True)
class RankTest:
    """The secondary test, on means of clusters. rank_biserial is from -1 to 1; None if all differences are zero."""

    cluster_mean_difference: float
    nonzero_differences: int
    wilcoxon_p: float | None
    rank_biserial: float | None


def rank_test(means_P: Floats) -> RankTest:
    """Test the clusters' mean differences, float64 (P,). p is None below FEWEST_DIFFERENCES that are not zero.

    It is exact where scipy has the exact distribution, also of ties and zeros, else asymptotic.
    """
    rounded_P = np.round(means_P, DIGITS)
    nonzero = int(np.count_nonzero(rounded_P))
    p = rank_biserial = None
    if nonzero:
        from scipy import stats  # takes a second to import, and many studies have no pairs

        ranks_P = stats.rankdata(np.abs(rounded_P))  # Pratt: zeros are ranked, then left out
        positive, negative = ranks_P[rounded_P > 0].sum(), ranks_P[rounded_P < 0].sum()
        rank_biserial = float((positive - negative) / (positive + negative))
    if nonzero >= FEWEST_DIFFERENCES:
        p = _wilcoxon(rounded_P, np.sign(rounded_P) * ranks_P)
    return RankTest(
        cluster_mean_difference=float(np.mean(means_P)),
        nonzero_differences=nonzero,
        wilcoxon_p=p,
        rank_biserial=rank_biserial,
    )


def flips(clusters: int, seed: int, cohort: str) -> NDArray[np.int8]:
    """Return random signs, -1 or 1, int8 (RESAMPLES, P). They are seeded by the cohort's name, as its draws are."""
    signs_BP: NDArray[np.int8] = generator(seed, cohort, "flips").integers(0, 2, (RESAMPLES, clusters), np.int8)
    signs_BP *= 2
    signs_BP -= 1
    return signs_BP


def flip_test(weights_P: Floats, flipped_B: Floats) -> float | None:
    """Return the two-sided p of the sum of weights under flips of their signs; None if too few are not zero.

    weights_P: what each cluster adds to the mean difference, float64 (P,). flipped_B: their sum under random flips. All
    flips are tried up to MOST_ENUMERATED weights that are not zero; among random ones, the observed one counts.
    """
    tolerance = np.abs(weights_P).max(initial=0) * 10.0**-DIGITS  # equal sums differ in their last bits
    nonzero = weights_P[np.abs(weights_P) > tolerance]
    if len(nonzero) < FEWEST_DIFFERENCES:
        return None
    observed = abs(nonzero.sum()) - tolerance
    if len(nonzero) <= MOST_ENUMERATED:
        return float(np.mean(np.abs(_all_flips(nonzero)) >= observed))
    return float((1 + np.count_nonzero(np.abs(flipped_B) >= observed)) / (1 + len(flipped_B)))


def _wilcoxon(rounded_P: Floats, signed_ranks_P: Floats) -> float:
    """Return scipy's p; its permutation test of ties and zeros, which takes a second for 12 clusters, is done here."""
    tied = len(np.unique(np.abs(rounded_P))) < len(rounded_P) or not rounded_P.all()
    if tied and len(rounded_P) <= MOST_PERMUTED:
        nonzero = signed_ranks_P[signed_ranks_P != 0]
        return float(np.mean(np.abs(_all_flips(nonzero)) >= abs(nonzero.sum())))  # half ranks add up exactly
    from scipy import stats  # see above

    return float(stats.wilcoxon(rounded_P, zero_method="pratt", correction=False, method="auto").pvalue)


def _all_flips(nonzero_Q: Floats) -> Floats:
    """Return the sum of weights under each of the 2^Q flips of their signs, float64 (2^Q,)."""
    signs = 1.0 - 2 * (np.arange(1 << len(nonzero_Q))[:, None] >> np.arange(len(nonzero_Q)) & 1)
    sums: Floats = signs @ nonzero_Q
    return sums


def holm(p_M: Floats) -> Floats:
    """Return the p-values of one family corrected by Holm (1979), float64 (M,).

    The i-th smallest of M is multiplied by M - i + 1, and is never below the one before it.
    """
    order = np.argsort(p_M, kind="stable")
    corrected_M = np.empty_like(p_M)
    factors = np.arange(len(p_M), 0, -1)
    corrected_M[order] = np.minimum(1, np.maximum.accumulate(p_M[order] * factors))
    return corrected_M
