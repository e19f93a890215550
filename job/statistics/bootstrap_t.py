"""The bootstrap-t interval of a mean (Efron 1982, Hall 1988), pure.

The mean of values over objects is a ratio of sums over clusters. Its error in a resample is divided by the standard
error that this same resample would state, and the quantiles of that take the place of Student's. They heed that most
IoU are high and a few are 0: a sample without the few is too high, and looks too exact. They count where they widen an
interval; a few clusters cannot show that a mean is more exact than Student's quantile says.

Variances are those of the linearised ratio (Woodruff 1971): what each cluster adds to the sum of values, minus the mean
times its objects. Of several tasks that share clusters, a cluster's parts are added, and of several cohorts their
variances. A resample's variance counts as at least the part of one cluster in the sample's, as resamples of few
clusters often repeat one of them.

Where values have a lowest and a highest, the standard error changes with the mean as that of a proportion does, so that
the interval is a score interval (Wilson 1927) and never leaves the range: a mean of .95 has more room below.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from job.statistics.resampling import (
    DIGITS,
    MOST_LOST,
    Floats,
    Interval,
    Spread,
    distinct,
    effective_clusters,
    resampled_sums,
)

NO_VARIANCE = 10.0 ** (-2 * DIGITS)
"""Below it, clusters differ by rounding only."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """A mean, or the plain mean of several, and its resamples.

    variance: of the mean. error_B, variance_B: the error in each resample and the variance that the resample states,
    two of float64 (B,), NaN where it is lost.
    """

    mean: float
    variance: float
    error_B: Floats
    variance_B: Floats
    spread: Spread

    @property
    def varies(self) -> bool:
        """Whether clusters differ by more than rounding."""
        return self.variance > NO_VARIANCE

    def quantiles(self, confidence: float) -> tuple[float, float]:
        """Return how many standard errors below and above the mean the interval reaches, at least Student's."""
        share = (1 - confidence) / 2
        student = float(special.stdtrit(self.spread.freedom, 1 - share))
        if not self.varies:
            return student, student
        squared_B = np.maximum(self.variance_B, self.variance / (self.spread.freedom + 1))
        squared_B *= student**2
        beyond = np.flatnonzero(self.error_B * self.error_B > squared_B)  # NaN is not
        t_N = student * self.error_B[beyond] / np.sqrt(squared_B[beyond])
        count = share * (len(self.error_B) - int(np.count_nonzero(np.isnan(self.error_B))))
        return _exceeded(t_N[t_N > 0], count, student), _exceeded(-t_N[t_N < 0], count, student)


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """Means of C cells as ratios of sums over P clusters, or other statistics that are taken for such.

    mean_C: float64 (C,). error_CP: what each cluster adds to the error of a mean, float64 (C, P); their sum is 0.
    weight_CP: the share of the objects that a cluster has, float64 (C, P).
    """

    mean_C: Floats
    error_CP: Floats
    weight_CP: Floats

    @staticmethod
    def of(totals_CP: Floats, counts_CP: Floats) -> Linear:
        """Return the cells of sums of values and counts of objects, two of float64 (C, P)."""
        objects_C1 = counts_CP.sum(axis=1, keepdims=True)
        mean_C1 = totals_CP.sum(axis=1, keepdims=True) / objects_C1
        error_CP = (totals_CP - mean_C1 * counts_CP) / objects_C1
        return Linear(mean_C=mean_C1[:, 0], error_CP=error_CP, weight_CP=counts_CP / objects_C1)

    @cached_property
    def clusters(self) -> Floats:
        """The effective number of clusters of each cell, float64 (C,)."""
        return effective_clusters(self.weight_CP)

    @cached_property
    def variances(self) -> Floats:
        """The variance of each mean, float64 (C,)."""
        variance_C: Floats = self.clusters / (self.clusters - 1) * (self.error_CP**2).sum(axis=1)
        return variance_C

    def resampled(self, drawn_BP: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Return the error of each mean in each resample, and the variance that the resample states, two of float64
        (C, B); NaN where none of a cell's clusters was drawn.
        """
        z_CP, weight_UP, which_C = self.error_CP, *distinct(self.weight_CP)
        parts = (z_CP, -2 * z_CP * self.weight_CP, z_CP**2, weight_UP, weight_UP**2)
        ends = np.cumsum([len(part) for part in parts])
        sums = resampled_sums(np.concatenate(parts), drawn_BP)
        error_CB, product_CB, variance_CB, drawn_UB, square_UB, _ = np.split(sums, ends)
        with np.errstate(invalid="ignore", divide="ignore"):
            inverse_UB = 1 / drawn_UB
            for cell, own in enumerate(which_C):  # one by one, as a processor's cache holds one
                error_CB[cell] *= inverse_UB[own]
                product_CB[cell] += square_UB[own] * error_CB[cell]
                product_CB[cell] *= error_CB[cell]
                variance_CB[cell] += product_CB[cell]
                variance_CB[cell] *= inverse_UB[own]
                variance_CB[cell] *= inverse_UB[own]
                variance_CB[cell] *= self.clusters[cell] / (self.clusters[cell] - 1)
        return error_CB, variance_CB

    def estimate(self, cell: int, error_B: Floats, variance_B: Floats) -> Estimate:
        """Return one cell's mean and its resamples."""
        return Estimate(
            mean=float(self.mean_C[cell]),
            variance=float(self.variances[cell]),
            error_B=error_B,
            variance_B=variance_B,
            spread=Spread.of(float(self.clusters[cell])),
        )


def _exceeded(beyond_N: Floats, count: float, least: float) -> float:
    """Return what no more than so many values exceed. beyond_N: those above `least`, which it is at least."""
    if len(beyond_N) <= count:
        return least
    return float(-np.partition(-beyond_N, int(count))[int(count)])


@dataclass(frozen=True, kw_only=True)
class Range:
    """The lowest and the highest value that an object can have; infinite where there is none.

    is_binary: whether it has one of the two.
    """

    lowest: float
    highest: float
    is_binary: bool = False

    @property
    def width(self) -> float:
        """How far the two lie apart."""
        return self.highest - self.lowest

    def of_differences(self) -> Range:
        """Return the range of differences of two such values."""
        return Range(lowest=-self.width, highest=self.width)


UNKNOWN = Range(lowest=-np.inf, highest=np.inf)


def bootstrap_t(estimate: Estimate, values: Range, confidence: float) -> Interval:
    """Return the interval of a mean of such values.

    Resamples cannot show what no cluster shows. Where all objects have the lowest value, or the highest, and where as
    large a share of each cluster has it, the mean is that of as many independent objects as there are clusters.
    """
    lost = int(np.count_nonzero(np.isnan(estimate.error_B)))
    if lost > MOST_LOST * len(estimate.error_B):
        return Interval(low=None, high=None, lost_resamples=lost)
    below, above = estimate.quantiles(confidence)
    if np.isfinite(values.width):
        low, high = _score_ends(estimate, values, below, above)
    else:
        error = np.sqrt(estimate.variance) if estimate.varies else 0.0
        low, high = estimate.mean - below * error, estimate.mean + above * error
    return Interval(low=float(max(low, values.lowest)), high=float(min(high, values.highest)), lost_resamples=lost)


def _score_ends(estimate: Estimate, values: Range, below: float, above: float) -> tuple[float, float]:
    """Return the means from which the estimate is as many of their own standard errors away."""
    mean = min(max((estimate.mean - values.lowest) / values.width, 0.0), 1.0)
    binomial, independent = mean * (1 - mean), estimate.spread.freedom + 1
    if binomial > 0 and estimate.varies:
        independent = binomial * values.width**2 / estimate.variance
    elif binomial > 0 and not values.is_binary:
        independent = np.inf
    low, high = (_proportion(mean, reach / np.sqrt(independent)) for reach in (-below, above))
    return values.lowest + values.width * low, values.lowest + values.width * high


def _proportion(mean: float, reach: float) -> float:
    """Return the proportion m that is `reach` times the root of m (1 - m) above a mean; below it if negative."""
    squared = reach**2
    return float((mean + squared / 2 + reach * np.sqrt(mean * (1 - mean) + squared / 4)) / (1 + squared))
