"""The prompts that an object gets before any prediction: those of one-shot modes, and the first of click protocols."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from job.prompts.blocks import PromptBlock
from job.prompts.boxes import Mask, tight_box
from job.prompts.clicks import Situation, click_protocol
from job.prompts.draw import Draw
from job.prompts.modes import MODES, Point, Target


@dataclass(frozen=True, kw_only=True)
class FirstPrompt:
    """A box or a positive point on one object, and the names of all modes and click protocols that give it.

    place: inclusive pixels (x0, y0, x1, y1) of a box, or (x, y) of a point.
    """

    names: tuple[str, ...]
    place: tuple[int, ...]

    @property
    def is_box(self) -> bool:
        """Whether the prompt is a box."""
        return len(self.place) == 4


def first_prompts(
    blocks: Iterable[PromptBlock], truth_HW: Mask, labelled_HW: Mask, draw: Draw
) -> tuple[FirstPrompt, ...]:
    """Return the different prompts of a study for one object, in the order of its blocks.

    truth_HW, labelled_HW: bool (H, W), as in `Situation`; the object has at least one pixel.
    """
    target, names = Target(truth_HW), dict[tuple[int, ...], list[str]]()
    for name in dict.fromkeys(name for block in blocks for name in _names(block)):
        for place in _places(name, target, labelled_HW, draw):
            names.setdefault(place, []).append(name)
    return tuple(FirstPrompt(names=tuple(given), place=place) for place, given in names.items())


def _names(block: PromptBlock) -> tuple[str, ...]:
    return block.prompts if block.is_one_shot else (block.protocol,)


def _places(name: str, target: Target, labelled_HW: Mask, draw: Draw) -> Iterator[tuple[int, ...]]:
    if name in MODES:
        for prompt in MODES[name](target, draw):
            yield from ((point.x, point.y) for point in prompt.points)
            if prompt.box is not None:
                yield tuple(prompt.box)
        return
    protocol = click_protocol(name)
    if protocol.box:
        yield tuple(tight_box(target.truth_HW))
        return
    nothing_HW = np.zeros_like(target.truth_HW)
    situation = Situation(
        truth_HW=target.truth_HW, labelled_HW=labelled_HW, prediction_HW=nothing_HW, clicked=(), step=1, draw=draw
    )
    click = protocol.next_click(situation)
    if isinstance(click, Point):
        yield click.x, click.y
