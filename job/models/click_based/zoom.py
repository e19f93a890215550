"""Zoom-in (Sofiiuk et al. 2021): which part of an image a network sees. Each family has a rule of its own."""

from __future__ import annotations

from typing import Protocol

from job.models.click_based.feedback import PreviousMask
from job.models.click_based.framing import Framing, RowColumnClicks


class Zoom(Protocol):
    """The rule of a family."""

    @property
    def follows_mask(self) -> bool:
        """Whether the next region depends on the bounds of the mask that is fed back."""
        ...

    def framing(self, height: int, width: int, clicks: RowColumnClicks, previous: PreviousMask | None) -> Framing:
        """Return what the network sees of an image. previous: of the last click, None at the first."""
        ...

    def largest_px(self, height: int, width: int) -> int:
        """Return the most pixels of the network's input, at any click on an image of this size."""
        ...
