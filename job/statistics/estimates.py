"""Estimates of means over tasks: with the variances, of the sample and as each resample states them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from job.statistics.bootstrap_t import Estimate, Linear
from job.statistics.over_tasks import OverTasks, Part
from job.statistics.resampling import RESAMPLES, Floats, Integers


class LinearPart(Part):
    """What one cohort adds to some rows over tasks, and the variances of that.

    errors_OP: what each cluster adds to the error of the sum over the tasks, float64 (O, P).
    variances_OB: those that resamples state of the last task, float64 (O, B).
    """

    def __init__(self, rows: int, clusters: int) -> None:
        super().__init__(rows, clusters)
        self.errors_OP = np.zeros((rows, clusters))
        self.variances_OB = np.zeros((rows, RESAMPLES))

    def add_means(self, places: Integers, linear: Linear, errors_CB: Floats, variances_CB: Floats) -> None:
        """Add a task's means, each to the row at its place. errors_CB, variances_CB: as `linear` is resampled."""
        self.add(places, linear.mean_C, linear.mean_C[:, None] + errors_CB, linear.weight_CP)
        self.errors_OP[places] += linear.error_CP
        self.variances_OB[places] = variances_CB

    def linear(self, places: Integers) -> Linear:
        """Return the sums over the tasks of some rows, each as if it were of one task."""
        weight_OP = self.weights_OP[places] / self.tasks_O[places, None]
        return Linear(mean_C=self.means_O[places], error_CP=self.errors_OP[places], weight_CP=weight_OP)

    def variances(self, drawn_BP: NDArray[np.uint8]) -> Floats:
        """Return the variances that resamples state, float64 (O, B). Those of a single task are known."""
        of_several = np.flatnonzero(self.tasks_O > 1)
        if len(of_several):
            self.variances_OB[of_several] = self.linear(of_several).resampled(drawn_BP)[1]
        return self.variances_OB


class Estimates(OverTasks):
    """Means over tasks of some rows, the first of which has the number `first`."""

    def __init__(self, first: int, rows: int) -> None:
        super().__init__(first, rows)
        self._variance_O, self._variances_OB = np.zeros(rows), np.zeros((rows, RESAMPLES))

    def linear_part(self, clusters: int) -> LinearPart:
        """Return an empty part for a cohort of some clusters."""
        return LinearPart(self._rows, clusters)

    def add_drawn(self, part: LinearPart, drawn_BP: NDArray[np.uint8]) -> None:
        """Add a cohort, which was drawn so."""
        self.add(part)
        places = np.flatnonzero(part.tasks_O)
        self._variance_O[places] += part.linear(places).variances
        self._variances_OB += part.variances(drawn_BP)

    def estimate(self, place: int) -> Estimate:
        """Return the mean over the tasks of a row, and its resamples."""
        mean, tasks = self.mean(place), self.tasks(place)
        return Estimate(
            mean=mean,
            variance=float(self._variance_O[place]) / tasks**2,
            error_B=self.resampled(place) - mean,
            variance_B=self._variances_OB[place] / tasks**2,
            spread=self.spread(place),
        )
