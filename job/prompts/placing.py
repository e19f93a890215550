"""The prompts that a block gives an object: of its modes, or the first prompt and next clicks. A jitter moves them."""

from __future__ import annotations

from job.prompts.blocks import PromptBlock
from job.prompts.boxes import Box, tight_box
from job.prompts.clicks import End, Situation, click_protocol
from job.prompts.draw import Draw
from job.prompts.jitter import Mover
from job.prompts.modes import Point, Prompt, Target, prompt_mode


def prompts_of_modes(block: PromptBlock, target: Target, draw: Draw) -> dict[str, list[Prompt]]:
    """Return the prompts of each mode of a block of modes, in its order: one for each call of the model."""
    by_mode = {mode: list(prompt_mode(mode).prompts(target, draw)) for mode in block.prompts}
    if block.jitter is None:
        return by_mode
    mover = Mover(jitter=block.jitter, truth_HW=target.truth_HW, draw=draw)
    return {mode: mover.prompts(prompts) for mode, prompts in by_mode.items()}


def first_prompt(block: PromptBlock, situation: Situation) -> Box | Point | End:
    """Return what a block of clicks begins with: the tight box of the object, if its protocol does, or a click."""
    if not click_protocol(block.protocol).box:
        return next_click(block, situation)
    box = tight_box(situation.truth_HW)
    if block.jitter is None:
        return box
    mover = Mover(jitter=block.jitter, truth_HW=situation.truth_HW, draw=situation.draw)
    return mover.box(box, step=0)  # its step, so that the first click does not move as an edge of the box does


def next_click(block: PromptBlock, situation: Situation) -> Point | End:
    """Return the next click of a block of clicks, or why there is none."""
    click = click_protocol(block.protocol).next_click(situation)
    if block.jitter is None or not isinstance(click, Point):
        return click
    mover = Mover(jitter=block.jitter, truth_HW=situation.truth_HW, draw=situation.draw)
    return mover.point(click, situation.step)
