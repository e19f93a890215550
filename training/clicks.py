"""Clicks as a user would make them while a model is trained: RITM's iterative training (Sofiiuk et al. 2021, 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from job.models.ritm.framing import RowColumnClicks
from job.prompts.regions import Mask, squared_depths

MOST_AT_FIRST = 4


@dataclass(eq=False)
class ClickList:
    """The clicks on one object so far, in their order: (x, y) px, and whether they are positive."""

    points: list[tuple[int, int]] = field(default_factory=list)
    positive: list[bool] = field(default_factory=list)

    def add(self, x: int, y: int, *, positive: bool) -> None:
        """Add one."""
        self.points.append((x, y))
        self.positive.append(positive)

    @property
    def points_xy(self) -> NDArray[np.float32]:
        """(x, y), float32 (N, 2), as SAM takes them."""
        return np.array(self.points, dtype=np.float32).reshape(-1, 2)

    @property
    def signs(self) -> NDArray[np.int32]:
        """1 positive, 0 negative, int32 (N)."""
        return np.array(self.positive, dtype=np.int32)

    def for_ritm(self) -> RowColumnClicks:
        """(row, column), as RITM takes them."""
        return RowColumnClicks(rows_columns_N2=self.points_xy[:, ::-1].astype(np.float64), positive_N=self.signs == 1)


def first_click(truth_HW: Mask, rng: np.random.Generator) -> ClickList:
    """Click once into the object: deep in it, or, one time in four, anywhere."""
    clicks = ClickList()
    depths = squared_depths(truth_HW)
    floor = 0.0 if rng.random() < 0.25 else rng.choice([0.25, 0.8]) * depths.max()
    _add_one_of(clicks, depths > min(floor, depths.max() - 1), rng, positive=True)
    return clicks


def deepest_click(truth_HW: Mask) -> ClickList:
    """Click once, where the object is deepest."""
    clicks = ClickList()
    correct(clicks, truth_HW, np.zeros_like(truth_HW), None)
    return clicks


def first_clicks(truth_HW: Mask, rng: np.random.Generator) -> ClickList:
    """Click into the object, once more often than not, and at times beside it."""
    clicks = first_click(truth_HW, rng)
    for _ in range(min(int(rng.geometric(0.6)) - 1, MOST_AT_FIRST - 1)):
        _add_one_of(clicks, truth_HW, rng, positive=True)
    for _ in range(min(int(rng.geometric(0.6)) - 1, MOST_AT_FIRST - 1)):
        _add_one_of(clicks, ~truth_HW, rng, positive=False)
    return clicks


def correct(clicks: ClickList, truth_HW: Mask, prediction_HW: Mask, rng: np.random.Generator | None) -> None:
    """Add a click in the deeper of the missing and the excess region; none if the mask is right.

    rng: chooses among the pixels at least half as deep as the deepest, as RITM trains; None takes the deepest.
    """
    missing, excess = squared_depths(truth_HW & ~prediction_HW), squared_depths(prediction_HW & ~truth_HW)
    positive = bool(missing.max() > excess.max())
    depths = missing if positive else excess
    if depths.max() == 0:
        return
    if rng is None:
        y, x = np.unravel_index(int(np.argmax(depths)), depths.shape)
        clicks.add(int(x), int(y), positive=positive)
    else:
        _add_one_of(clicks, depths >= 0.25 * depths.max(), rng, positive=positive)


def _add_one_of(clicks: ClickList, region_HW: Mask, rng: np.random.Generator, *, positive: bool) -> None:
    candidates = np.flatnonzero(region_HW)
    if len(candidates):
        y, x = np.unravel_index(candidates[int(rng.integers(len(candidates)))], region_HW.shape)
        clicks.add(int(x), int(y), positive=positive)


def overlap(prediction_HW: Mask, truth_HW: Mask) -> float:
    """Return the IoU of two masks."""
    return float((prediction_HW & truth_HW).sum() / max(1, (prediction_HW | truth_HW).sum()))
