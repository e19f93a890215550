"""Where one of two models takes the lead for good, pure: differences by click in, clicks out.

A difference is that of two means, `of` minus `minus`, at clicks 1 to K. The second side has crossed at the first click
from which it is ahead at every click up to the last. Whether a side *is* ahead is told by a simultaneous interval over
the clicks (max-t; Westfall and Young 1993), because a crossing looks at all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from job.statistics.resampling import DIGITS, MOST_LOST, Floats, Spread


@dataclass(frozen=True, kw_only=True, eq=False)
class Crossing:
    """The distribution of the crossing over the resamples.

    low, median, high: of the click of the crossing, None beyond the last click.
    without: share of resamples without a crossing. ahead: the side whose lead is held by the simultaneous interval,
    from click `ahead_from` to the last; None if neither is. minus_ahead_K: share of resamples in which `minus` is ahead
    at each click. low_K, high_K: the simultaneous interval of the difference at each click.
    """

    low: int | None
    median: int | None
    high: int | None
    without: float
    ahead: Literal["of", "minus"] | None
    ahead_from: int | None
    minus_ahead_K: Floats
    low_K: Floats
    high_K: Floats


def find_crossing(differences_K: Floats, resampled_KB: Floats, spread: Spread, confidence: float) -> Crossing | None:
    """Return the crossing of the differences, float64 (K,), with resamples (K, B); None if too many are NaN."""
    kept_KB = resampled_KB[:, ~np.isnan(resampled_KB).any(axis=0)]
    if kept_KB.shape[1] < (1 - MOST_LOST) * resampled_KB.shape[1]:
        return None
    kept_KB = np.round(kept_KB, DIGITS)
    low_K, high_K = simultaneous_interval(np.round(differences_K, DIGITS), kept_KB, spread, confidence)
    ahead, ahead_from = _held_lead(low_K, high_K)
    crossings_B = _crossings(kept_KB)
    tail = spread.tail(confidence)
    low, median, high = np.quantile(crossings_B, [tail, 0.5, 1 - tail], method="inverted_cdf")
    last = len(differences_K)
    return Crossing(
        low=_click(low, last),
        median=_click(median, last),
        high=_click(high, last),
        without=float(np.mean(crossings_B > last)),
        ahead=ahead,
        ahead_from=ahead_from,
        minus_ahead_K=np.mean(kept_KB < 0, axis=1),
        low_K=low_K,
        high_K=high_K,
    )


def simultaneous_interval(
    differences_K: Floats, resampled_KB: Floats, spread: Spread, confidence: float
) -> tuple[Floats, Floats]:
    """Return the bounds, two of (K,), that hold for all clicks at once with the given confidence.

    The quantile of the largest studentised deviation replaces the normal one; it is widened for few clusters as an
    interval of one click is.
    """
    deviations_KB = np.abs(resampled_KB - resampled_KB.mean(axis=1, keepdims=True))
    errors_K = resampled_KB.std(axis=1)
    varies_K = errors_K > 0
    if not varies_K.any():
        return differences_K, differences_K
    largest_B = (deviations_KB[varies_K] / errors_K[varies_K, None]).max(axis=0)
    level = float(special.ndtri((1 + confidence) / 2))
    margin_K = spread.width(max(level, float(np.quantile(largest_B, confidence)))) * errors_K
    return differences_K - margin_K, differences_K + margin_K


def _crossings(differences_KN: Floats) -> Floats:
    """Return the first click from which all differences are negative, (N,); K + 1 if the last is not."""
    behind_KN = differences_KN >= 0
    clicks = np.arange(1, len(behind_KN) + 1)[:, None]
    result_N: Floats = np.where(behind_KN, clicks, 0).max(axis=0) + 1.0
    return result_N


def _held_lead(low_K: Floats, high_K: Floats) -> tuple[Literal["of", "minus"] | None, int | None]:
    """Return the side that is ahead up to the last click, and since when."""
    last = len(low_K)
    minus_from, of_from = (int(_crossings(bound_K[:, None])[0]) for bound_K in (high_K, -low_K))
    if minus_from <= last:
        return "minus", minus_from
    return ("of", of_from) if of_from <= last else (None, None)


def _click(value: float, last: int) -> int | None:
    return int(value) if value <= last else None
