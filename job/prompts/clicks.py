"""The click protocols: rules that place the next click, given truth and prediction.

`mazurowski2023` and its correction follow Mazurowski et al. 2023. `ritm` follows Sofiiuk et al. 2021, whose simulated
user is the standard in interactive segmentation since. A protocol never changes under its name.
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
    """The input of a protocol. Masks are bool (H, W).

    truth: the object. labelled: all classes of its label map. prediction: the current mask, empty before the first
    click. clicked: the pixels clicked so far. step: the number of the next click, from 1.
    """

    truth_HW: Mask
    labelled_HW: Mask
    prediction_HW: Mask
    clicked_HW: Mask
    step: int
    draw: Draw


@dataclass(frozen=True, kw_only=True)
class ClickProtocol:
    """A rule for the next click, and how models with an optional mask input are used with it.

    feedback: from the second click on, the logits of the chosen mask are the mask input, and the model returns one mask
    instead of three candidates.
    """

    name: str
    next_click: Callable[[Situation], Point | End]
    feedback: bool


def pooled(situation: Situation, positive_HW: Mask) -> Point | End:
    """Click one of the deepest pixels of truth XOR prediction. The click is positive where `positive_HW` is true."""
    error_HW = situation.truth_HW ^ situation.prediction_HW
    if not error_HW.any():
        return "converged"
    points_N2, depth = admissible_points(error_HW)
    x, y = points_N2[situation.draw.below(len(points_N2), step=situation.step)]
    return Point(x=int(x), y=int(y), positive=bool(positive_HW[y, x]), depth=depth, ties=len(points_N2))


def mazurowski2023(situation: Situation) -> Point | End:
    """As in the published code: positive on any class of the label map."""
    return pooled(situation, situation.labelled_HW)


def mazurowski2023_corrected(situation: Situation) -> Point | End:
    """As in the published text: positive only on the object."""
    return pooled(situation, situation.truth_HW)


def ritm(situation: Situation) -> Point | End:
    """Click the deepest unclicked pixel of the missing or the excess region, whichever is deeper; excess if equal."""
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
