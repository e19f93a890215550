"""Means over tasks in each resample: the tasks of each cohort, which share its draws, and then the cohorts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from job.statistics.resampling import RESAMPLES, Floats, Integers, Spread, effective_clusters


class Part:
    """What one cohort adds to some rows over tasks.

    sums_OB: sums over its tasks, float64 (O, B). weights_OP: the share of a task's objects that a cluster has, summed
    over the tasks, float64 (O, P).
    """

    def __init__(self, rows: int, clusters: int) -> None:
        self.sums_OB = np.zeros((rows, RESAMPLES))
        self.means_O, self.tasks_O = np.zeros(rows), np.zeros(rows, np.int64)
        self.weights_OP = np.zeros((rows, clusters))

    def add(self, places: Integers, means_C: Floats, resampled_CB: Floats, counts_CP: Floats) -> None:
        """Add a task's cells, each to the row at its place. counts_CP: objects, float64 (C, P)."""
        self.sums_OB[places] += resampled_CB
        self.means_O[places] += means_C
        self.tasks_O[places] += 1
        self.weights_OP[places] += counts_CP / counts_CP.sum(axis=1, keepdims=True)


class OverTasks:
    """Some rows over tasks, the first of which has the number `first`. A place counts from it."""

    def __init__(self, first: int, rows: int) -> None:
        self.first, self._rows = first, rows
        self._sums_OB = np.zeros((rows, RESAMPLES))
        self._means_O, self._tasks_O = np.zeros(rows), np.zeros(rows, np.int64)
        self._variances: list[list[float]] = [[] for _ in range(rows)]
        self._clusters: list[list[float]] = [[] for _ in range(rows)]

    def part(self, clusters: int) -> Part:
        """Return an empty part for a cohort of some clusters."""
        return Part(self._rows, clusters)

    def add(self, part: Part) -> None:
        """Add a cohort."""
        for place in np.flatnonzero(part.tasks_O):
            self._sums_OB[place] += part.sums_OB[place]
            variance = part.sums_OB[place].var()
            self._variances[place].append(float(np.nanvar(part.sums_OB[place]) if np.isnan(variance) else variance))
            self._clusters[place].append(float(effective_clusters(part.weights_OP[[place]])[0]))
        self._means_O += part.means_O
        self._tasks_O += part.tasks_O

    @property
    def places(self) -> Sequence[int]:
        """The places of the rows that have tasks."""
        return [int(place) for place in np.flatnonzero(self._tasks_O)]

    def tasks(self, place: int) -> int:
        """Return how many tasks a row has."""
        return int(self._tasks_O[place])

    def mean(self, place: int) -> float:
        """Return the mean over the tasks of a row."""
        return float(self._means_O[place] / self._tasks_O[place])

    def resampled(self, place: int) -> Floats:
        """Return the mean over tasks in each resample, float64 (B,); NaN where a task lacks all its clusters."""
        resampled_B: Floats = self._sums_OB[place] / self._tasks_O[place]
        return resampled_B

    def spread(self, place: int) -> Spread:
        """Return the pooled spread of the cohorts of a row."""
        return Spread.pooled(np.array(self._variances[place]), np.array(self._clusters[place]))
