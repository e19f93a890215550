"""Simulated patients for coverage.py: skewed IoU of slices that resemble each other within a patient.

R is the number of replicates, P of patients, N of objects of all replicates, K of clicks. An object has a normal score,
of which the share `icc` of the variance is its patient's; a table turns it into an IoU, or into a number of clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from job.statistics.resampling import Floats, Integers

CONFIDENCE = 0.95
BATCH = 250
"""Replicates that share their draws."""
SLICES = 10
"""Of each patient, or on average. Unequal ones are lognormal with a coefficient of variation of about 1.2."""
MOST_SLICES = 200
LIMIT = 20
"""Clicks of a trajectory; NoC counts a failure as the limit."""
PERSISTENCE = 0.9
"""The correlation of the normal scores of two successive clicks."""

STEPS = 500
GRID = np.arange(-6 * STEPS, 6 * STEPS + 1) / STEPS
IOUS_WITHOUT_ZEROS = stats.beta.ppf(special.ndtr(GRID), 7, 1.3)
IOUS = np.nan_to_num(stats.beta.ppf((special.ndtr(GRID) - 0.04) / 0.96, 7, 1.3))
"""4 % zeros, the others Beta(7, 1.3): median 0.86, mode 0.95, mean of all 0.81."""
NOCS = np.minimum(stats.geom.ppf(special.ndtr(-GRID), 0.1), LIMIT)
"""Geometric with p = 0.1, cut off at the limit: mean 8.8, and 14 % at the limit."""


def iou(scores: Floats) -> Floats:
    """Return the IoU of normal scores."""
    return _looked_up(IOUS, scores)


def iou_without_zeros(scores: Floats) -> Floats:
    """Return the IoU of normal scores, none of which is a failure."""
    return _looked_up(IOUS_WITHOUT_ZEROS, scores)


def noc(scores: Floats) -> Floats:
    """Return the number of clicks needed; the higher the score, the fewer."""
    return _looked_up(NOCS, scores)


def never_reached(scores: Floats) -> Floats:
    """Return 1 where the level is never reached, else 0: 12 %."""
    return (special.ndtr(scores) < 0.12).astype(float)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all replicates of a simulation share. informative: patients with more slices score higher."""

    unequal: bool
    icc: float
    informative: bool = False

    @property
    def slices(self) -> str:
        """The setting of slices in words."""
        return "unequal" if self.unequal else "equal"


class Cohort:
    """Patients of R replicates: effect_RP, a patient's normal score; its tasks have slices of their own."""

    def __init__(self, setting: Setting, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self.setting, self.shape, self.rng = setting, shape, rng
        self.effect_RP = rng.standard_normal(shape)

    def slices(self) -> Slices:
        """Draw the slices of a task."""
        if not self.setting.unequal:
            return Slices(self, np.full(self.shape, SLICES))
        scores_RP = self.rng.standard_normal(self.shape)
        if self.setting.informative:
            scores_RP = 0.6 * self.effect_RP + 0.8 * scores_RP
        counts_RP = 1 + np.exp(np.log(0.6 * SLICES) + scores_RP).astype(int)
        return Slices(self, np.minimum(counts_RP, MOST_SLICES))


class Slices:
    """The objects of a task, in the order of replicates and patients."""

    def __init__(self, cohort: Cohort, counts_RP: Integers) -> None:
        self._cohort, self.counts_RP = cohort, counts_RP
        self._cell_N = np.repeat(np.arange(counts_RP.size), counts_RP.ravel())

    def scores(self, shared: float = 0.0) -> Floats:
        """Draw normal scores, (N,). shared: how much of the patients' part is the cohort's own effect."""
        own_RP = self._cohort.rng.standard_normal(self._cohort.shape)
        return self.mixed(np.sqrt(shared) * self._cohort.effect_RP + np.sqrt(1 - shared) * own_RP)

    def mixed(self, effect_RP: Floats) -> Floats:
        """Draw normal scores around effects of patients, (N,)."""
        icc = self._cohort.setting.icc
        noise_N = self._cohort.rng.standard_normal(len(self._cell_N))
        return np.sqrt(icc) * effect_RP.ravel()[self._cell_N] + np.sqrt(1 - icc) * noise_N

    def sums(self, values_N: Floats) -> Floats:
        """Return the sum of each patient, (R, P)."""
        sums_N = np.bincount(self._cell_N, values_N, self.counts_RP.size).astype(np.float64)
        return sums_N.reshape(self.counts_RP.shape)

    def ranks(self, values_N: Floats) -> Floats:
        """Return the average ranks within each replicate, (N,)."""
        ends = np.cumsum(self.counts_RP.sum(axis=1))[:-1]
        return np.concatenate([stats.rankdata(values) for values in np.split(values_N, ends)])

    def courses(self, clicks: int, shared: float) -> tuple[Floats, Floats]:
        """Draw the normal scores of two models at each click, two of (K, N); `shared` is what they have in common."""
        first_KN, second_KN, both_KN = (self._course(clicks) for _ in range(3))
        both_KN *= np.sqrt(shared)
        return both_KN + np.sqrt(1 - shared) * first_KN, both_KN + np.sqrt(1 - shared) * second_KN

    def _course(self, clicks: int) -> Floats:
        course_KN = [self.scores()]
        for _ in range(1, clicks):
            course_KN.append(PERSISTENCE * course_KN[-1] + np.sqrt(1 - PERSISTENCE**2) * self.scores())
        return np.stack(course_KN)


def batches(replicates: int) -> Iterator[tuple[int, int]]:
    """Yield the seed of each batch, whose replicates share their draws, and how many these are."""
    for seed, start in enumerate(range(0, replicates, BATCH)):
        yield seed, min(BATCH, replicates - start)


def _looked_up(table: Floats, scores: Floats) -> Floats:
    places: NDArray[np.int64] = np.rint(np.clip(scores, GRID[0], GRID[-1]) * STEPS).astype(np.int64)
    return table[places + len(GRID) // 2]


Difference = Callable[[Floats, Floats, Floats], Floats]


def equal(first: Floats, second: Floats, shift: Floats) -> Floats:
    """Return the differences of IoU of two models that are equal, whatever their distribution: symmetric."""
    return iou(first + shift) - iou(second + shift)


def skewed(first: Floats, second: Floats, shift: Floats) -> Floats:
    """Return differences with mean 0 and a long lower tail: IoU of the second model vary a quarter as much."""
    means = np.array([_mean(step) for step in shift.ravel()]).reshape(shift.shape)
    return (iou(first + shift) - means) - 0.25 * (iou(second + shift) - means)


def better(first: Floats, second: Floats, shift: Floats) -> Floats:
    """Return differences with mean 0.05 after the last clicks."""
    return iou(first + shift + 0.35) - iou(second + shift)


def _mean(shift: float) -> float:
    """Return the mean IoU of normal scores of this mean."""
    weights = np.exp(-(GRID**2) / 2)
    return float(iou(GRID + shift) @ weights / weights.sum())
