"""The prompts that an object gets before any prediction: those of one-shot modes, and the first of click protocols."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from job.prompts.blocks import PromptBlock
from job.prompts.boxes import Box, Mask
from job.prompts.clicks import Situation
from job.prompts.draw import Draw
from job.prompts.modes import Point, Prompt, Target
from job.prompts.placing import first_prompt, prompts_of_modes


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
    for name, place in _places(blocks, target, labelled_HW, draw):
        of_place = names.setdefault(place, [])
        if name not in of_place:
            of_place.append(name)
    return tuple(FirstPrompt(names=tuple(given), place=place) for place, given in names.items())


def _places(
    blocks: Iterable[PromptBlock], target: Target, labelled_HW: Mask, draw: Draw
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name of each mode and protocol with each place that it gives."""
    for block in blocks:
        if block.is_one_shot:
            for mode, prompts in prompts_of_modes(block, target, draw).items():
                for place in chain.from_iterable(map(_of_prompt, prompts)):
                    yield block.key(mode)[0], place
            continue
        prompt = first_prompt(block, _before_the_first(target, labelled_HW, draw))
        if isinstance(prompt, Box):
            yield block.key(*block.prompts)[1], tuple(prompt)
        elif isinstance(prompt, Point):
            yield block.key(*block.prompts)[1], (prompt.x, prompt.y)


def _of_prompt(prompt: Prompt) -> Iterator[tuple[int, ...]]:
    yield from ((point.x, point.y) for point in prompt.points)
    if prompt.box is not None:
        yield tuple(prompt.box)


def _before_the_first(target: Target, labelled_HW: Mask, draw: Draw) -> Situation:
    nothing_HW = np.zeros_like(target.truth_HW)
    return Situation(
        truth_HW=target.truth_HW, labelled_HW=labelled_HW, prediction_HW=nothing_HW, clicked=(), step=1, draw=draw
    )
