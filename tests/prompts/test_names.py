"""The spec, the protocols, the modes and the published study use the same names."""

from job.prompts.clicks import click_protocol
from job.prompts.modes import prompt_mode
from job.study.modes import MODES
from job.study.prompts import ClickSettings
from job.study.protocols import PROTOCOLS

DEFAULT_CLICKS = {"mazurowski2023": 9, "mazurowski2023-corrected": 9, "ritm": 20, "cvpr2025": 5}
PUBLISHED_MODES = ["largest_point", "each_point", "largest_box", "each_box", "whole_box"]
"""Modes 1 to 5 of Mazurowski et al. 2023 (arXiv 2304.10517)."""


def test_our_protocols_join_by_entry_points_as_others_do():
    """The name in the rows is the name in the spec, and that of the entry point."""
    assert {name: click_protocol(name).name for name in PROTOCOLS.all()} == {name: name for name in DEFAULT_CLICKS}


def test_every_protocol_has_a_default_number_of_clicks():
    """9 as published, also for the correction; 20 as is usual in interactive segmentation; 5 as in the challenge."""
    assert {name: ClickSettings(protocol=name).steps for name in PROTOCOLS.all()} == DEFAULT_CLICKS


def test_a_stated_number_of_clicks_replaces_the_default():
    """For every protocol."""
    assert {ClickSettings(protocol=name, max=3).steps for name in PROTOCOLS.all()} == {3}


def test_the_published_study_alone_feeds_no_mask_back():
    """It gives SAM all points so far and no mask input."""
    assert {name for name in PROTOCOLS.all() if click_protocol(name).feedback} == {"ritm", "cvpr2025"}


def test_the_challenge_alone_begins_with_a_box():
    """Its box is step 0; else the first click is the first step."""
    first_steps = {name: ClickSettings(protocol=name).first_step for name in PROTOCOLS.all()}
    assert first_steps == {name: 0 if name == "cvpr2025" else 1 for name in DEFAULT_CLICKS}


def test_the_modes_of_the_spec_are_the_published_ones_in_their_order():
    """The tables number and sort them so."""
    assert list(MODES.all()) == PUBLISHED_MODES
    assert [prompt_mode(name).name for name in MODES.all()] == PUBLISHED_MODES
