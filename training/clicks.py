"""Simulated clicks for training, after RITM's iterative training (Sofiiuk et al. 2021, 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from job.models.click_based.framing import RowColumnClicks
from job.prompts.boxes import Mask
from job.prompts.regions import squared_depths

MOST_AT_FIRST = 4
"""The most positive clicks before the first prediction. The most negative clicks are one fewer."""


@dataclass(eq=False)
class ClickList:
    """The clicks on one object so far, in order. points: (x, y) px. positive: whether each click is positive."""

    points: list[tuple[int, int]] = field(default_factory=list)
    positive: list[bool] = field(default_factory=list)

    def add(self, x: int, y: int, *, positive: bool) -> None:
        """Append a click at pixel (x, y)."""
        self.points.append((x, y))
        self.positive.append(positive)

    @property
    def points_xy(self) -> NDArray[np.float32]:
        """(x, y) of each click, float32 (N, 2), as SAM takes them."""
        return np.array(self.points, dtype=np.float32).reshape(-1, 2)

    @property
    def signs(self) -> NDArray[np.int32]:
        """1 for positive and 0 for negative clicks, int32 (N)."""
        return np.array(self.positive, dtype=np.int32)

    def for_ritm(self) -> RowColumnClicks:
        """Return the clicks as (row, column), as RITM takes them."""
        return RowColumnClicks(rows_columns_N2=self.points_xy[:, ::-1].astype(np.float64), positive_N=self.signs == 1)


def first_click(truth_HW: Mask, rng: np.random.Generator) -> ClickList:
    """Return one click on the object: deep inside, or, in a quarter of the cases, anywhere."""
    clicks = ClickList()
    depths = squared_depths(truth_HW).framed(truth_HW.shape)
    floor = 0.0 if rng.random() < 0.25 else rng.choice([0.25, 0.8]) * depths.max()
    _add_random(clicks, depths > min(floor, depths.max() - 1), rng, positive=True)
    return clicks


def deepest_click(truth_HW: Mask) -> ClickList:
    """Return one click at the deepest pixel of the object."""
    clicks = ClickList()
    correct(clicks, truth_HW, np.zeros_like(truth_HW), None)
    return clicks


def first_clicks(truth_HW: Mask, rng: np.random.Generator) -> ClickList:
    """Return one or more positive clicks on the object, mostly one, and sometimes negative clicks beside it."""
    clicks = first_click(truth_HW, rng)
    for _ in range(min(int(rng.geometric(0.6)) - 1, MOST_AT_FIRST - 1)):
        _add_random(clicks, truth_HW, rng, positive=True)
    for _ in range(min(int(rng.geometric(0.6)) - 1, MOST_AT_FIRST - 1)):
        _add_random(clicks, ~truth_HW, rng, positive=False)
    return clicks


def correct(clicks: ClickList, truth_HW: Mask, prediction_HW: Mask, rng: np.random.Generator | None) -> None:
    """Append a click in the missing or the excess region, whichever is deeper; none if the mask equals the truth.

    rng: chooses among the pixels at least half as deep as the deepest, as in RITM's training. None: the deepest pixel.
    """
    regions = truth_HW & ~prediction_HW, prediction_HW & ~truth_HW
    missing, excess = (squared_depths(region).framed(region.shape) for region in regions)
    positive = bool(missing.max() > excess.max())
    depths = missing if positive else excess
    if depths.max() == 0:
        return
    if rng is None:
        y, x = np.unravel_index(int(np.argmax(depths)), depths.shape)
        clicks.add(int(x), int(y), positive=positive)
    else:
        _add_random(clicks, depths >= 0.25 * depths.max(), rng, positive=positive)


def _add_random(clicks: ClickList, region_HW: Mask, rng: np.random.Generator, *, positive: bool) -> None:
    candidates = np.flatnonzero(region_HW)
    if len(candidates):
        y, x = np.unravel_index(candidates[int(rng.integers(len(candidates)))], region_HW.shape)
        clicks.add(int(x), int(y), positive=positive)


def overlap(prediction_HW: Mask, truth_HW: Mask) -> float:
    """Return the IoU of two masks."""
    return float((prediction_HW & truth_HW).sum() / max(1, (prediction_HW | truth_HW).sum()))
