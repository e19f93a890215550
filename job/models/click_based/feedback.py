"""What one click leaves to the next: the mask that is fed back, and its bounds, from which the zoom-in follows."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from job.models.click_based.roi import Roi
from job.models.host_copy import HostCopy

ZOOM_THRESHOLD = 0.50
"""Probability of the mask that the zoom-in uses, as upstream."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PreviousMask:
    """The mask that is fed back at the next click.

    probability_HW: float32 in [0, 1], at the image's size, on the model's device. roi: the roi that the next click
    keeps if it still fits; None before the first zoom-in. bounds: `tight_bounds` of several masks, on their way to the
    host; None without zoom-in. index: this mask's row there.
    """

    probability_HW: Tensor = field(repr=False)
    roi: Roi | None
    bounds: HostCopy | None = field(repr=False)
    index: int

    def tight_roi(self) -> Roi | None:
        """Return the smallest roi that contains all pixels above ZOOM_THRESHOLD; None if there are none."""
        if self.bounds is None:
            return None
        roi = Roi(*self.bounds.numpy()[self.index].tolist())
        return roi if roi.row_max >= 0 else None


def tight_bounds(probabilities_NHW: Tensor) -> Tensor:
    """Return first and last row, first and last column above ZOOM_THRESHOLD: (N, 4) int64; no last one is -1."""
    bounds = [bound for axis in (2, 1) for bound in _first_and_last(probabilities_NHW.amax(dim=axis) > ZOOM_THRESHOLD)]
    return torch.stack(bounds, dim=1)


def _first_and_last(is_above_NL: Tensor) -> tuple[Tensor, Tensor]:
    length = is_above_NL.shape[1]
    places = torch.arange(length, device=is_above_NL.device).expand_as(is_above_NL)
    first, last = places.masked_fill(~is_above_NL, length), places.masked_fill(~is_above_NL, -1)
    return first.amin(dim=1), last.amax(dim=1)
