"""RITM's zoom-in (Sofiiuk et al. 2021): from the second click on, a crop whose longer side becomes 400 px."""

from __future__ import annotations

from dataclasses import dataclass

from job.models.click_based.feedback import PreviousMask
from job.models.click_based.framing import Framing, RowColumnClicks
from job.models.click_based.roi import Roi, kept_roi, object_roi

LONGER_SIDE = 400
"""Pixels of the network's input."""


@dataclass(frozen=True)
class RitmZoom:
    """Shows the whole image at its own size at first, or if the mask is empty, else a roi.

    follows_mask: whether there is zoom-in at all.
    """

    follows_mask: bool = True

    def framing(self, height: int, width: int, clicks: RowColumnClicks, previous: PreviousMask | None) -> Framing:
        """Return what the network sees at this click."""
        old = previous.roi if previous else None
        zooms_in = self.follows_mask and len(clicks.positive_N) > 1
        tight = previous.tight_roi() if previous and zooms_in else None
        if tight is None:  # upstream resizes the whole image's output into the previous roi, if there is one
            return Framing.unscaled(height, width, target=old)
        positives = clicks.positives()
        roi = kept_roi(old, object_roi(tight, positives, height, width), positives)
        return Framing.of_roi(height, width, roi, network_size(roi))

    def largest_px(self, height: int, width: int) -> int:
        """Return the pixels of the whole image, or of the largest crop if that has more."""
        return max(height * width, LONGER_SIDE**2 if self.follows_mask else 0)


def network_size(roi: Roi) -> tuple[int, int]:
    """Return rows and columns of the network's input for a roi, rounded by Python's `round` as upstream does."""
    scale = LONGER_SIDE / max(roi.height, roi.width)
    return max(1, round(roi.height * scale)), max(1, round(roi.width * scale))
