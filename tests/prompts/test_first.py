"""The first prompts of an object are those that modes and click protocols give it, each place once."""

from dataclasses import replace

import numpy as np

from job.prompts import placing
from job.prompts.blocks import PromptBlock
from job.prompts.clicks import click_protocol
from job.prompts.draw import Draw
from job.prompts.first import first_prompts

DRAW = Draw(seed=0, image="a", slice=0, task="t")


def block(protocol, *prompts):
    return PromptBlock(protocol=protocol, prompts=prompts, mask_choices=("single",))


def mask(*squares):
    """Return 20 x 20 pixels with squares of odd sides, each (x, y, side)."""
    mask_HW = np.zeros((20, 20), bool)
    for x, y, side in squares:
        mask_HW[y : y + side, x : x + side] = True
    return mask_HW


def test_modes_that_give_one_box_share_a_prompt():
    """Of one square, every box is the same, and the deepest pixel is its middle."""
    truth_HW = mask((2, 3, 5))
    modes = block("one-shot", "largest_point", "largest_box", "each_box", "whole_box")
    prompts = first_prompts([modes, block("ritm", "clicks")], truth_HW, truth_HW, DRAW)
    assert [(prompt.names, prompt.place) for prompt in prompts] == [
        (("largest_point", "ritm"), (4, 5)),
        (("largest_box", "each_box", "whole_box"), (2, 3, 6, 7)),
    ]


def test_each_component_has_its_own_prompt():
    """Largest first; the whole box holds both."""
    truth_HW = mask((0, 0, 3), (10, 10, 5))
    prompts = first_prompts([block("one-shot", "each_box", "whole_box")], truth_HW, truth_HW, DRAW)
    assert [prompt.place for prompt in prompts] == [(10, 10, 14, 14), (0, 0, 2, 2), (0, 0, 14, 14)]


def test_what_several_models_share_is_named_once():
    """Two blocks with the same mode, as of two models."""
    truth_HW = mask((2, 3, 5))
    (prompt,) = first_prompts([block("one-shot", "whole_box")] * 2, truth_HW, truth_HW, DRAW)
    assert prompt.names == ("whole_box",)


def test_a_protocol_that_begins_with_a_box_shares_it_with_the_mode():
    """The tight box of the whole object."""
    truth_HW = mask((0, 0, 3), (10, 10, 5))
    blocks = [block("one-shot", "whole_box"), block("cvpr2025", "clicks")]
    (prompt,) = first_prompts(blocks, truth_HW, truth_HW, DRAW)
    assert (prompt.names, prompt.place) == (("whole_box", "cvpr2025"), (0, 0, 14, 14))


def test_a_protocol_is_asked_for_its_first_click(monkeypatch):
    """With an empty prediction and the draw of the object, as the run asks it."""
    asked = []
    protocol = replace(click_protocol("ritm"), next_click=lambda situation: asked.append(situation) or "exhausted")
    monkeypatch.setattr(placing, "click_protocol", lambda _: protocol)
    truth_HW = mask((2, 3, 5))
    assert first_prompts([block("ritm", "clicks")], truth_HW, truth_HW, DRAW) == ()
    (situation,) = asked
    assert (situation.step, tuple(situation.clicked), situation.draw) == (1, (), DRAW)
    assert not situation.prediction_HW.any()
    assert situation.prediction_HW.shape == truth_HW.shape
