"""The interval of a proportion, pure: of all objects, how many fail, or never reach a level.

Resamples cannot show what no cluster shows: where no object fails, each of them says 0. So this is Wilson's interval
(1927) with the effective number of objects in place of their number (Korn and Graubard 1998): as many independent
objects as would have the variance that the resamples show. Where all objects are alike, it is the effective number of
clusters. Student's quantile stands for the normal one.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from job.statistics.resampling import MOST_LOST, Floats, Interval, Spread


def proportion_interval(
    proportion: float, resampled_B: Floats, objects: float, spread: Spread, confidence: float
) -> Interval:
    """Return the interval of a proportion of 0 to 1, or of the plain mean of several.

    resampled_B: it in each resample, float64 (B,), NaN where it is lost. objects: their number, which the effective one
    does not exceed.
    """
    lost = int(np.count_nonzero(np.isnan(resampled_B)))
    if lost > MOST_LOST * len(resampled_B):
        return Interval(low=None, high=None, lost_resamples=lost)
    binomial, variance = proportion * (1 - proportion), spread.inflation * float(np.nanvar(resampled_B))
    independent = binomial / max(variance, binomial / objects) if binomial else spread.freedom + 1
    squared = float(special.stdtrit(spread.freedom, (1 + confidence) / 2)) ** 2 / independent
    middle = proportion + squared / 2
    half = float(np.sqrt(squared * (binomial + squared / 4)))
    low, high = (middle - half) / (1 + squared), (middle + half) / (1 + squared)
    return Interval(low=max(low, 0.0), high=min(high, 1.0), lost_resamples=lost)
