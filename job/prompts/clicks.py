"""The click protocols: given truth and prediction, where does the next click go?

`mazurowski2023` and its correction follow Mazurowski et al. 2023; `ritm` follows Sofiiuk et al. 2021 and the
robot user of the interactive segmentation field since. A protocol never changes under its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from job.prompts.draw import Draw
from job.prompts.modes import Point, admissible_points
from job.prompts.regions import Mask, squared_depths

End = Literal["converged", "exhausted"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Situation:
    """All that a protocol may look at. Masks are bool (H, W).

    truth: the task's own class. labelled: any class of its label map. prediction: the mask so far (empty before the
    first click). clicked: pixels that were clicked already. step: the number of the click to come, from 1.
    """

    truth_HW: Mask
    labelled_HW: Mask
    prediction_HW: Mask
    clicked_HW: Mask
    step: int
    draw: Draw


@dataclass(frozen=True, kw_only=True)
class ClickProtocol:
    """A rule for the next click, and how a model with optional memory is used under it.

    feedback: the chosen mask's logits are fed back, three candidates are asked for at the first click only.
    """

    name: str
    next_click: Callable[[Situation], Point | End]
    feedback: bool


def pooled(situation: Situation, positive_HW: Mask) -> Point | End:
    """Click a deepest pixel of truth XOR prediction, missing and excess pooled; positive where `positive_HW` is."""
    error_HW = situation.truth_HW ^ situation.prediction_HW
    if not error_HW.any():
        return "converged"
    points_N2, depth = admissible_points(error_HW)
    x, y = points_N2[situation.draw.below(len(points_N2), step=situation.step)]
    return Point(x=int(x), y=int(y), positive=bool(positive_HW[y, x]), depth=depth, ties=len(points_N2))


def mazurowski2023(situation: Situation) -> Point | End:
    """As published: positive if any class of the label map is there."""
    return pooled(situation, situation.labelled_HW)


def mazurowski2023_corrected(situation: Situation) -> Point | End:
    """As published, but positive only if the task's own class is there."""
    return pooled(situation, situation.truth_HW)


def ritm(situation: Situation) -> Point | End:
    """Click the deepest unclicked pixel of the missing or the excess region, whichever is deeper; if equal, excess."""
    missing_HW = situation.truth_HW & ~situation.prediction_HW
    excess_HW = situation.prediction_HW & ~situation.truth_HW
    if not (missing_HW.any() or excess_HW.any()):
        return "converged"
    unclicked_HW = ~situation.clicked_HW
    missing_depths, excess_depths = (squared_depths(region) * unclicked_HW for region in (missing_HW, excess_HW))
    positive = bool(missing_depths.max() > excess_depths.max())
    depths_HW = missing_depths if positive else excess_depths
    deepest = int(depths_HW.max())
    if deepest == 0:
        return "exhausted"
    y, x = np.unravel_index(np.argmax(depths_HW), depths_HW.shape)
    ties = int(np.count_nonzero(depths_HW == deepest))
    return Point(x=int(x), y=int(y), positive=positive, depth=float(np.sqrt(deepest)), ties=ties)


PROTOCOLS: dict[str, ClickProtocol] = {
    protocol.name: protocol
    for protocol in (
        ClickProtocol(name="mazurowski2023", next_click=mazurowski2023, feedback=False),
        ClickProtocol(name="mazurowski2023-corrected", next_click=mazurowski2023_corrected, feedback=False),
        ClickProtocol(name="ritm", next_click=ritm, feedback=True),
    )
}
