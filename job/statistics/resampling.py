"""The cluster bootstrap, pure: numpy arrays in, numpy arrays out.

The bootstrap draws the clusters of a cohort with replacement: patients, or volumes or images where the spec names no
patients. A cohort is a data set, or several that share patients; one draw serves all its tasks, runs and steps. The
statistic of a cell is the drawn clusters' sum of values over their count of objects; over tasks, it is the plain mean
of the tasks' statistics, with the tasks fixed.

The interval of a rank, of a rank correlation and of a crossing is the expanded percentile interval of Hesterberg 2015
("What Teachers Should Know About the Bootstrap"): with P clusters, the quantiles are taken at
Phi(-sqrt(P / (P - 1)) t(1 - alpha/2; P - 1)) and its mirror; bootstrap_t.py has that of a mean. P is the effective
number of clusters (Kish 1965), which is below their number where some have more objects than others. Over several
cohorts, each with its own P, the factor and the degrees of freedom are pooled as by Welch and Satterthwaite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

RESAMPLES = 10_000
FEWEST_CLUSTERS = 5
"""Fewer clusters have no interval."""
MOST_LOST = 0.1
"""The share of resamples that may lack a task; beyond it there is no interval."""
DIGITS = 9
"""Means are rounded to these decimals before zeros, ties and signs are told: sums of fractions miss them."""
BLOCK_VALUES = 1 << 22
"""Draws that are made, or multiplied, at once: 32 MiB of float64."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What a number of clusters means for an interval.

    inflation: the variance that clusters have, over the one that resamples show. freedom: degrees of freedom.
    """

    inflation: float
    freedom: float

    @staticmethod
    def of(clusters: float) -> Spread:
        """Return the spread of one cohort's effective number of clusters, at least two."""
        return Spread(inflation=clusters / (clusters - 1), freedom=clusters - 1)

    @staticmethod
    def pooled(variances_K: Floats, clusters_K: Floats) -> Spread:
        """Return the spread of a sum of independent cohorts.

        variances_K: over the resamples, of each cohort's contribution, float64 (K,). clusters_K: effective numbers of
        clusters, at least two, float64 (K,).
        """
        true_K = variances_K * clusters_K / (clusters_K - 1)
        if not true_K.sum():
            return Spread.of(float(clusters_K.min()))
        freedom = true_K.sum() ** 2 / (true_K**2 / (clusters_K - 1)).sum()
        return Spread(inflation=float(true_K.sum() / variances_K.sum()), freedom=float(freedom))

    def tail(self, confidence: float) -> float:
        """Return the share of resamples to leave out at each end."""
        return float(special.ndtr(-self.width(float(special.ndtri((1 + confidence) / 2)))))

    def width(self, normal: float) -> float:
        """Return how many standard deviations of the resamples stand for a quantile of the normal distribution."""
        quantile = float(special.stdtrit(self.freedom, float(special.ndtr(normal))))
        return float(np.sqrt(self.inflation) * quantile)


def effective_clusters(weights_CP: Floats) -> Floats:
    """Return the effective number of clusters (Kish 1965), at least two, float64 (C,): the square of the sum of weights
    over the sum of their squares.

    weights_CP: such as counts of objects, float64 (C, P). Equal weights count each cluster that has one.
    """
    effective_C: Floats = weights_CP.sum(axis=1) ** 2 / (weights_CP**2).sum(axis=1)
    return np.maximum(effective_C, 2.0)


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return a generator seeded by a seed and names, so that it does not depend on anything else of the study."""
    words = (int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) for name in names)
    return np.random.default_rng([seed, *words])


def draws(clusters: int, seed: int, cohort: str) -> NDArray[np.uint8]:
    """Return how often each cluster is drawn in each resample, uint8 (RESAMPLES, P)."""
    rng = generator(seed, cohort)
    drawn_BP = np.empty((RESAMPLES, clusters), np.uint8)  # a cluster is drawn once on average, never 256 times
    for rows in _blocks(clusters):
        count = rows.stop - rows.start
        picks = rng.integers(0, clusters, (count, clusters)) + clusters * np.arange(count)[:, None]
        drawn_BP[rows] = np.bincount(picks.ravel(), minlength=count * clusters).reshape(count, clusters)
    return drawn_BP


def resampled_sums(sums_NP: Floats, drawn_BP: NDArray[np.integer[Any]]) -> Floats:
    """Return the sums over clusters, each times its number of draws (or its sign), float64 (N, B)."""
    result_NB = np.empty((len(sums_NP), len(drawn_BP)))
    for rows in _blocks(drawn_BP.shape[1]):
        result_NB[:, rows] = sums_NP @ drawn_BP[rows].T.astype(np.float64)
    return result_NB


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An interval, None where more than MOST_LOST of the resamples are lost, and how many are."""

    low: float | None
    high: float | None
    lost_resamples: int


def interval(statistics_B: Floats, spread: Spread, confidence: float) -> Interval:
    """Return the expanded percentile interval over the resamples that are not NaN."""
    lost = int(np.count_nonzero(np.isnan(statistics_B)))
    kept = len(statistics_B) - lost
    if lost > MOST_LOST * len(statistics_B):
        return Interval(low=None, high=None, lost_resamples=lost)
    tail = spread.tail(confidence)
    positions = np.array([tail, 1 - tail]) * (kept - 1)
    below, above = np.floor(positions).astype(int), np.ceil(positions).astype(int)
    ordered = np.partition(statistics_B, np.unique([below, above]))  # NaN come last
    low, high = ordered[below] + (positions - below) * (ordered[above] - ordered[below])
    return Interval(low=float(low), high=float(high), lost_resamples=lost)


def distinct(rows_CP: Floats) -> tuple[Floats, Integers]:
    """Return the distinct rows, and which of them each row is. The runs of a task have the same objects."""
    numbers: dict[bytes, int] = {}
    which_C = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows_CP], np.int64)
    first_U = np.unique(which_C, return_index=True)[1]
    return rows_CP[first_U], which_C


def _blocks(clusters: int) -> Iterator[slice]:
    size = max(1, BLOCK_VALUES // clusters)
    for start in range(0, RESAMPLES, size):
        yield slice(start, min(start + size, RESAMPLES))
