"""SimpleClick's zoom-in: from the first click on, a region that is resized to the network's only size."""

from __future__ import annotations

from dataclasses import dataclass

from job.models.click_based.feedback import PreviousMask
from job.models.click_based.framing import Framing, RowColumnClicks
from job.models.click_based.roi import Roi, kept_roi, object_roi


@dataclass(frozen=True, kw_only=True)
class SimpleClickZoom:
    """Shows a roi, whatever its proportions: the whole image at first, and again if the mask is empty.

    side: pixels of the network's input. follows_mask: whether there is zoom-in; else the roi is always the whole image.
    """

    side: int
    follows_mask: bool = True

    def framing(self, height: int, width: int, clicks: RowColumnClicks, previous: PreviousMask | None) -> Framing:
        """Return what the network sees at this click."""
        roi = Roi.whole(height, width)
        if previous and self.follows_mask:
            positives, tight = clicks.positives(), previous.tight_roi()
            roi = kept_roi(previous.roi, object_roi(tight, positives, height, width) if tight else roi, positives)
        return Framing.of_roi(height, width, roi, (self.side, self.side))

    def largest_px(self, height: int, width: int) -> int:
        """Return the pixels of the network's input, which every image has."""
        return self.side**2
