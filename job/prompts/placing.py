"""The prompts that a block gives an object: of its modes, or the first prompt and next clicks. A jitter moves them."""

from __future__ import annotations

from job.prompts.blocks import PromptBlock
from job.prompts.boxes import Box, tight_box
from job.prompts.checked import checked_click, checked_prompts
from job.prompts.clicks import End, Situation, click_protocol
from job.prompts.draw import Draw
from job.prompts.jitter import Mover
from job.prompts.modes import Point, Prompt, Target, prompt_mode


def prompts_of_modes(block: PromptBlock, target: Target, draw: Draw) -> dict[str, list[Prompt]]:
    """Return the prompts of each mode of a block of modes, in its order, as `prompts_of_mode` does."""
    return {mode: prompts_of_mode(block, mode, target, draw) for mode in block.prompts}


def prompts_of_mode(block: PromptBlock, mode: str, target: Target, draw: Draw) -> list[Prompt]:
    """Return the prompts of a mode of a block: one for each call of the model. Raise RefusedPromptsError."""
    prompts = checked_prompts(prompt_mode(mode), target, draw)
    if block.jitter is None:
        return prompts
    return Mover(jitter=block.jitter, truth_HW=target.truth_HW, draw=draw).prompts(prompts)


def first_prompt(block: PromptBlock, situation: Situation) -> Box | Point | End:
    """Return what a block of clicks begins with: the tight box of the object, if its protocol does, or a click.

    Raise RefusedPromptsError.
    """
    if not click_protocol(block.protocol).box:
        return next_click(block, situation)
    box = tight_box(situation.truth_HW)
    if block.jitter is None:
        return box
    mover = Mover(jitter=block.jitter, truth_HW=situation.truth_HW, draw=situation.draw)
    return mover.box(box, step=0)  # its step, so that the first click does not move as an edge of the box does


def next_click(block: PromptBlock, situation: Situation) -> Point | End:
    """Return the next click of a block of clicks, or why there is none. Raise RefusedPromptsError."""
    click = checked_click(click_protocol(block.protocol), situation)
    if block.jitter is None or not isinstance(click, Point):
        return click
    mover = Mover(jitter=block.jitter, truth_HW=situation.truth_HW, draw=situation.draw)
    return mover.point(click, situation.step)
