"""The spec, the protocols, the modes and the published study use the same names."""

import numpy as np
import pytest

from job.prompts.clicks import click_protocol
from job.prompts.draw import Draw
from job.prompts.modes import MODES, POINT_MODES, Target
from job.study.prompts import MODE_NAMES, ClickSettings
from job.study.protocols import protocols

DEFAULT_CLICKS = {"mazurowski2023": 9, "mazurowski2023-corrected": 9, "ritm": 20, "cvpr2025": 5}
PUBLISHED_MODES = ["largest_point", "each_point", "largest_box", "each_box", "whole_box"]
"""Modes 1 to 5 of Mazurowski et al. 2023 (arXiv 2304.10517)."""

DISC_AND_DOT = np.zeros((12, 12), np.bool_)
DISC_AND_DOT[1:6, 1:6] = DISC_AND_DOT[9, 9] = True


def test_our_protocols_join_by_entry_points_as_others_do():
    """The name in the rows is the name in the spec, and that of the entry point."""
    assert {name: click_protocol(name).name for name in protocols()} == {name: name for name in DEFAULT_CLICKS}


def test_every_protocol_has_a_default_number_of_clicks():
    """9 as published, also for the correction; 20 as is usual in interactive segmentation; 5 as in the challenge."""
    assert {name: ClickSettings(protocol=name).steps for name in protocols()} == DEFAULT_CLICKS


def test_a_stated_number_of_clicks_replaces_the_default():
    """For every protocol."""
    assert {ClickSettings(protocol=name, max=3).steps for name in protocols()} == {3}


def test_the_published_study_alone_feeds_no_mask_back():
    """It gives SAM all points so far and no mask input."""
    assert {name for name in protocols() if click_protocol(name).feedback} == {"ritm", "cvpr2025"}


def test_the_challenge_alone_begins_with_a_box():
    """Its box is step 0; else the first click is the first step."""
    first_steps = {name: ClickSettings(protocol=name).first_step for name in protocols()}
    assert first_steps == {name: 0 if name == "cvpr2025" else 1 for name in DEFAULT_CLICKS}


def test_the_modes_of_the_spec_are_the_published_ones_in_their_order():
    """The tables number and sort them so."""
    assert list(MODE_NAMES) == PUBLISHED_MODES
    assert list(MODES) == PUBLISHED_MODES


@pytest.mark.parametrize("mode", PUBLISHED_MODES)
def test_point_modes_give_points_and_the_others_give_boxes(mode):
    """A model without points is refused exactly the modes that need them."""
    prompts = MODES[mode](Target(DISC_AND_DOT), Draw(seed=0, image="", slice=0, task=""))
    assert all(bool(prompt.points) != (prompt.box is not None) for prompt in prompts)
    assert {bool(prompt.points) for prompt in prompts} == {mode in POINT_MODES}
