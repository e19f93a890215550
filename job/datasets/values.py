"""How the values of an image are distributed, and where the intensity rule cuts them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 64
OUTLIERS = (0.1, 99.9)
"""Percentiles beyond which values count in the first and last bin, so that a few do not squeeze all others."""

FARTHEST = 1e300
"""Values beyond it count at the ends too: the width of a range of theirs is no number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Values:
    """The values of one image, before the intensity rule. All of them are finite.

    low, high: the extremes. levels: the values that become 0 and 255. below, above: shares of the values beyond them.
    counts: int64 (BINS,), from `start` to `stop`, a range that holds both levels.
    """

    low: float
    high: float
    levels: tuple[float, float]
    below: float
    above: float
    start: float
    stop: float
    counts: NDArray[np.int64]


def distribution(values: NDArray[Any], levels: tuple[float, float]) -> Values:
    """Return the distribution of an image's values, of any shape, with at least one of them finite."""
    finite = values[np.isfinite(values)].astype(np.float64)
    lower, upper = levels
    first, last = np.clip(np.percentile(finite, OUTLIERS, method="nearest"), -FARTHEST, FARTHEST)
    start, stop = float(min(first, lower)), float(max(last, upper))
    counts, _ = np.histogram(np.clip(finite, start, stop), BINS, (start, stop))
    return Values(
        low=float(finite.min()),
        high=float(finite.max()),
        levels=(float(lower), float(upper)),
        below=float(np.mean(finite < lower)),
        above=float(np.mean(finite > upper)),
        start=start,
        stop=stop,
        counts=counts.astype(np.int64),
    )
