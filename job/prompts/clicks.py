"""The click protocols: rules that place the next click, given truth and prediction.

`mazurowski2023` and its correction follow Mazurowski et al. 2023. `ritm` follows Sofiiuk et al. 2021, whose simulated
user is the standard in interactive segmentation since. `cvpr2025` follows, on slices, the evaluation of the CVPR 2025
challenge "Foundation Models for Interactive 3D Biomedical Image Segmentation". A protocol never changes under its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from job.prompts.boxes import Mask, read_only
from job.prompts.draw import Draw
from job.prompts.modes import Point
from job.prompts.regions import Depths, chamfer_depths, largest_component, squared_depths
from job.study.protocols import PROTOCOLS

End = Literal["converged", "exhausted"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Situation:
    """The input of a protocol. Masks are bool (H, W), and read-only.

    truth: the object. labelled: all classes of its label map. prediction: the current mask, empty before the first
    prompt. clicked: (x, y) of the pixels clicked so far. step: the number of the next click, from 1. The box that a
    protocol begins with is no click.
    """

    truth_HW: Mask
    labelled_HW: Mask
    prediction_HW: Mask
    clicked: Collection[tuple[int, int]]
    step: int
    draw: Draw

    def __post_init__(self) -> None:
        for field in ("truth_HW", "labelled_HW", "prediction_HW"):
            object.__setattr__(self, field, read_only(getattr(self, field)))


@dataclass(frozen=True, kw_only=True)
class ClickProtocol:
    """A rule for the next click, and how models with an optional mask input are used with it.

    feedback: from the second prompt on, the logits of the chosen mask are the mask input, and the model returns one
    mask instead of three candidates. clicks: for each object, unless the spec says otherwise. box: it begins with the
    tight box of the whole object, which the model is given at every click too: the row of step 0, which is no click.
    """

    name: str
    next_click: Callable[[Situation], Point | End]
    feedback: bool
    clicks: int
    box: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.clicks, int) or self.clicks < 1:
            raise ValueError(f"protocol {self.name}: clicks: expected an integer from 1, got {self.clicks!r}")


def pooled(situation: Situation, positive_HW: Mask) -> Point | End:
    """Click one of the deepest pixels of truth XOR prediction. The click is positive where `positive_HW` is true."""
    depths = chamfer_depths(situation.truth_HW ^ situation.prediction_HW)
    return _drawn(situation, depths, depths.largest, positive_HW) if depths.largest else "converged"


def mazurowski2023(situation: Situation) -> Point | End:
    """As in the published code: positive on any class of the label map."""
    return pooled(situation, situation.labelled_HW)


def mazurowski2023_corrected(situation: Situation) -> Point | End:
    """As in the published text: positive only on the object."""
    return pooled(situation, situation.truth_HW)


def ritm(situation: Situation) -> Point | End:
    """Click the deepest unclicked pixel of the missing or the excess region, whichever is deeper; excess if equal."""
    truth_HW, prediction_HW = situation.truth_HW, situation.prediction_HW
    missing, excess = squared_depths(truth_HW & ~prediction_HW), squared_depths(prediction_HW & ~truth_HW)
    if not (missing.largest or excess.largest):
        return "converged"
    for x, y in situation.clicked:
        missing.leave_out(x, y)
        excess.leave_out(x, y)
    positive = missing.largest > excess.largest
    depths = missing if positive else excess
    if not depths.largest:
        return "exhausted"
    deepest_N = depths.deepest()
    [(x, y)] = depths.pixels(deepest_N[:1])
    return Point(x=int(x), y=int(y), positive=positive, depth=math.sqrt(depths.largest), ties=len(deepest_N))


def cvpr2025(situation: Situation) -> Point | End:
    """Click one of the deepest pixels of the largest component of truth XOR prediction; positive on the object."""
    depths = squared_depths(largest_component(situation.truth_HW ^ situation.prediction_HW))
    if not depths.largest:
        return "converged"
    return _drawn(situation, depths, math.sqrt(depths.largest), situation.truth_HW)


def _drawn(situation: Situation, depths: Depths, depth: float, positive_HW: Mask) -> Point:
    """Return a click on one of the deepest pixels, at random. depth: theirs in px."""
    deepest_N = depths.deepest()
    chosen = situation.draw.below(len(deepest_N), step=situation.step)
    [(x, y)] = depths.pixels(deepest_N[chosen : chosen + 1])
    return Point(x=int(x), y=int(y), positive=bool(positive_HW[y, x]), depth=depth, ties=len(deepest_N))


def click_protocol(name: str) -> ClickProtocol:
    """Return the protocol of a name, ours or another package's; JobError if that brings something else."""
    protocol = PROTOCOLS.value(name)
    if not isinstance(protocol, ClickProtocol):
        raise PROTOCOLS.all()[name].incomplete(f"a job.prompts.clicks.ClickProtocol, got {type(protocol).__name__}")
    return protocol


MAZUROWSKI2023 = ClickProtocol(name="mazurowski2023", next_click=mazurowski2023, feedback=False, clicks=9)
MAZUROWSKI2023_CORRECTED = ClickProtocol(
    name="mazurowski2023-corrected", next_click=mazurowski2023_corrected, feedback=False, clicks=9
)
RITM = ClickProtocol(name="ritm", next_click=ritm, feedback=True, clicks=20)
CVPR2025 = ClickProtocol(name="cvpr2025", next_click=cvpr2025, feedback=True, clicks=5, box=True)
