"""The interval of a mean of values between 0 and 1, pure: such as IoU, or how many objects fail.

It is Wilson's interval (1927) with the effective number of objects in place of their number (Korn and Graubard 1998):
as many independent ones as would have the variance of the resamples, if each were 0 or 1. Of other values it is the
score interval of a variance in proportion to m (1 - m), as in quasi-likelihood (Wedderburn 1974): a mean close to 1 has
more room below than above, whatever the few clusters of a sample show. Student's quantile stands for the normal one.

Resamples cannot show what no cluster shows: where no object fails, each of them says 0. Where all values are 0, or all
are 1, the effective number of objects is that of clusters.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from job.statistics.resampling import MOST_LOST, Floats, Interval, Spread


def bounded_interval(
    mean: float, resampled_B: Floats, most_objects: float, spread: Spread, confidence: float
) -> Interval:
    """Return the interval of a mean, or of the plain mean of several.

    resampled_B: it in each resample, float64 (B,), NaN where it is lost. most_objects: what the effective number of
    objects does not exceed; infinite where values may lie between 0 and 1.
    """
    lost = int(np.count_nonzero(np.isnan(resampled_B)))
    if lost > MOST_LOST * len(resampled_B):
        return Interval(low=None, high=None, lost_resamples=lost)
    binomial, variance = mean * (1 - mean), spread.inflation * float(np.nanvar(resampled_B))
    share = max(variance / binomial, 1 / most_objects) if binomial > 0 else 1 / (spread.freedom + 1)
    squared = float(special.stdtrit(spread.freedom, (1 + confidence) / 2)) ** 2 * share
    middle = mean + squared / 2
    half = float(np.sqrt(squared * (max(binomial, 0.0) + squared / 4)))
    low, high = (middle - half) / (1 + squared), (middle + half) / (1 + squared)
    return Interval(low=max(low, 0.0), high=min(high, 1.0), lost_resamples=lost)
