"""The `jitter` of a prompt block, and the names that contrasts select it by."""

import pytest

from job.study import loads
from job.study.prompts import place_of
from tests.study.small import SMALL, only_fault

MODES = "  - modes: [whole_box]\n    jitter: {}\n"


def with_jitter(text):
    before, _, after = SMALL.partition("prompts:\n")
    return f"{before}prompts:\n{MODES.format(text)}{after.partition(chr(10))[2]}"


@pytest.mark.parametrize(
    ("written", "read"),
    [("5 px", "5 px"), ("5px", "5 px"), ("10 %", "10 %"), ("10%", "10 %"), ("2.50 %", "2.5 %"), ("05 px", "5 px")],
)
def test_a_jitter_has_one_spelling(written, read):
    """So that one way of asking has one name."""
    assert loads(with_jitter(written), "s.yaml").study.prompts[0].jitter == read


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("5", "expected pixels such as `5 px`, or a share of the object's box such as `10 %` (got 5)"),
        ("5 mm", "expected pixels such as `5 px`, or a share of the object's box such as `10 %` (got 5 mm)"),
        ("-5 px", "expected pixels such as `5 px`, or a share of the object's box such as `10 %` (got -5 px)"),
        ("0 px", "expected more than 0 and at most 1000 px (got 0 px)"),
        ("101 %", "expected more than 0 and at most 100 % (got 101 %)"),
        ("2.5 px", "expected whole pixels (got 2.5 px)"),
    ],
)
def test_any_other_is_a_fault_of_its_key(written, expected):
    """It says what is expected."""
    assert only_fault(with_jitter(written)).partition(" ")[2] == f"prompts[0].jitter: {expected}"


def test_prompts_are_sorted_as_published_each_before_its_jitters():
    """From small to large; clicks last."""
    names = ["clicks", "whole_box jitter 10 px", "whole_box jitter 5 px", "whole_box", "each_box jitter 5 px"]
    assert sorted(names, key=place_of) == [names[4], names[3], names[2], names[1], names[0]]


def sides(of, minus):
    contrast = f"statistics: {{contrasts: [{{name: c, of: {{{of}}}, minus: {{{minus}}}}}]}}\n"
    return loads(SMALL + contrast, "s.yaml").study.statistics.contrasts[0]


def test_a_contrast_selects_a_jitter_by_the_name_of_its_rows():
    """Of a mode by `prompt`, of clicks by `protocol`."""
    assert sides("prompt: whole_box jitter 5px", "prompt: whole_box").of.prompt == "whole_box jitter 5 px"
    assert sides("protocol: ritm jitter 10%", "protocol: ritm").of.protocol == "ritm jitter 10 %"


@pytest.mark.parametrize(
    ("of", "minus", "expected"),
    [
        ("prompt: box jitter 5 px", "prompt: whole_box", "of.prompt: expected largest_point or each_point or"),
        ("prompt: clicks jitter 5 px", "prompt: clicks", "of.prompt: expected largest_point or each_point or"),
        ("prompt: whole_box jitter 5", "prompt: whole_box", "of.prompt: expected pixels such as `5 px`"),
        ("protocol: rtm jitter 5 px", "protocol: ritm", "of.protocol: expected cvpr2025 or mazurowski2023 or"),
        ("prompt: whole_box jitter 5 px, step: 2", "prompt: clicks", "of.step: expected only with clicks"),
    ],
)
def test_a_name_that_no_rows_can_have_is_a_fault(of, minus, expected):
    """Clicks have their jitter in the name of the protocol."""
    fault = only_fault(SMALL + f"statistics: {{contrasts: [{{name: c, of: {{{of}}}, minus: {{{minus}}}}}]}}\n")
    assert expected in fault
