"""What a mode or protocol of another package gives is checked: whatever is faulty is named, with what was expected."""

import re
from dataclasses import replace

import numpy as np
import pytest

from job.prompts.blocks import PromptBlock
from job.prompts.boxes import Box
from job.prompts.checked import RefusedPromptsError, checked_click, checked_prompts
from job.prompts.clicks import ClickProtocol
from job.prompts.modes import Point, Prompt, PromptMode, Target
from job.prompts.placing import next_click, prompts_of_modes
from job.prompts.testing import DRAW, situation
from job.study.jitter import Jitter

TRUTH = np.zeros((20, 30), bool)
TRUTH[5:9, 10:15] = True
POINT = Point(x=12, y=6, positive=True, depth=2.0, ties=1)
BOX = Box(10, 5, 14, 8)
OUTSIDE = 30


def prompts_of(given, **mode):
    """Return what becomes of the prompts that a mode gives, or of the error that it raises."""

    def prompts(target, draw):
        if isinstance(given, Exception):
            raise given
        return given

    return checked_prompts(PromptMode(name="own", prompts=prompts, **mode), Target(TRUTH), DRAW)


def click_of(given, clicked=((1, 1), (2, 2))):
    """Return what becomes of a third click that a protocol gives, or of the error that it raises."""

    def give(situation):
        if isinstance(given, Exception):
            raise given
        return given

    protocol = ClickProtocol(name="own", next_click=give, feedback=False, clicks=5)
    return checked_click(protocol, situation(TRUTH, clicked=clicked))


FAULTY_POINTS = {
    "beyond the last column": (replace(POINT, x=OUTSIDE), "x: expected an integer from 0 to 29, got int 30"),
    "above the first row": (replace(POINT, y=-1), "y: expected an integer from 0 to 19, got int -1"),
    "not a number": (replace(POINT, x=float("nan")), "x: expected an integer from 0 to 29, got float nan"),
    "between two pixels": (replace(POINT, y=6.5), "y: expected an integer from 0 to 19, got float 6.5"),
    "a float on a pixel": (replace(POINT, y=np.float32(6)), "y: expected an integer from 0 to 19, got float32"),
    "a truth value": (replace(POINT, x=True), "x: expected an integer from 0 to 29, got bool True"),
    "a label of padding": (replace(POINT, positive=-1), "positive: expected a bool, got int -1"),
    "no depth": (replace(POINT, depth=float("nan")), "depth: expected a number of px from 0, got float nan"),
    "an endless depth": (replace(POINT, depth=float("inf")), "depth: expected a number of px from 0, got float inf"),
    "a negative depth": (replace(POINT, depth=-1.0), "depth: expected a number of px from 0, got float -1.0"),
    "half a tie": (replace(POINT, ties=0.5), "ties: expected an integer from 0 to 600, got float 0.5"),
}
FAULTY_BOXES = {
    "upside down": (Box(10, 8, 14, 5), "expected a box with x0 <= x1 and y0 <= y1, got Box Box(x0=10, y0=8"),
    "the wrong way round": (Box(14, 5, 10, 8), "expected a box with x0 <= x1 and y0 <= y1"),
    "beyond the image": (Box(10, 5, OUTSIDE, 8), "x1: expected an integer from 0 to 29, got int 30"),
    "of fractions": (Box(10, 5.5, 14, 8), "y0: expected an integer from 0 to 19, got float 5.5"),
    "a plain tuple": ((10, 5, 14, 8), "expected a Box, got tuple (10, 5, 14, 8)"),
}


@pytest.mark.parametrize("point", FAULTY_POINTS)
def test_a_faulty_point_of_a_mode_is_named(point):
    """A model would answer it, and its row would look like any other."""
    given, fault = FAULTY_POINTS[point]
    with pytest.raises(RefusedPromptsError, match="mode own of no package: " + re.escape(fault)):
        prompts_of([Prompt(points=(POINT, given))], points=True)


@pytest.mark.parametrize("point", FAULTY_POINTS)
def test_a_faulty_click_is_named_with_its_number(point):
    """Here the third."""
    given, fault = FAULTY_POINTS[point]
    with pytest.raises(RefusedPromptsError, match="protocol own of no package: click 3: " + re.escape(fault)):
        click_of(given)


@pytest.mark.parametrize("box", FAULTY_BOXES)
def test_a_faulty_box_is_named(box):
    """Its edges are whole pixels in the image, in their order."""
    given, fault = FAULTY_BOXES[box]
    with pytest.raises(RefusedPromptsError, match=re.escape(fault)):
        prompts_of([Prompt(box=given)], boxes=True)


@pytest.mark.parametrize(
    ("given", "mode", "fault"),
    [
        ([Prompt(box=BOX)] * 3, {"boxes": True}, "promised at most 1 prompt (most_calls), gave 3 prompts"),
        ([Prompt(box=BOX)] * 3, {"boxes": True, "most_calls": 2}, "promised at most 2 prompts (most_calls), gave 3"),
        ([], {"boxes": True}, "promised at least 1 prompt, gave 0 prompts"),
        ([Prompt(points=(POINT,))], {"boxes": True}, "promised prompts without points, gave Prompt"),
        ([Prompt(points=(POINT,))], {"points": True, "boxes": True}, "promised prompts with box, gave Prompt"),
        ([Prompt()], {"points": True}, "promised prompts with points, gave Prompt"),
        ([POINT], {"points": True}, "expected a Prompt, got Point"),
        ([Prompt(points=POINT)], {"points": True}, "points: expected a tuple of Point, got Point"),
        ([Prompt(points=((12, 6),))], {"points": True}, "expected a Point, got tuple (12, 6)"),
        (None, {"points": True}, "raised TypeError: 'NoneType' object is not iterable"),
        (ZeroDivisionError("by zero"), {"points": True}, "raised ZeroDivisionError: by zero; update or mend"),
        (OSError("two\n  lines"), {"points": True}, "raised OSError: two lines; update or mend the package"),
        (OSError("x" * 5000), {"points": True}, "raised OSError: " + "x" * 397 + "...; update or mend the package"),
    ],
)
def test_what_a_mode_did_not_promise_is_named(given, mode, fault):
    """Neither too many prompts nor other ones are cut or passed on in silence."""
    with pytest.raises(RefusedPromptsError, match=re.escape(f"mode own of no package: {fault}")):
        prompts_of(given, **mode)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (None, "click 3: expected a Point, converged or exhausted, got NoneType None"),
        ("target", "click 3: expected a Point, converged or exhausted, got str 'target'"),
        ((12, 6), "click 3: expected a Point, converged or exhausted, got tuple (12, 6)"),
        (KeyError("x"), "raised KeyError: 'x'"),
    ],
)
def test_what_is_no_click_is_named(given, fault):
    """What ends an episode for a reason of ours, such as a target, is no answer of a protocol."""
    with pytest.raises(RefusedPromptsError, match=re.escape(f"protocol own of no package: {fault}")):
        click_of(given)


@pytest.mark.parametrize("call", [lambda error: prompts_of(error, points=True), click_of], ids=["mode", "protocol"])
@pytest.mark.parametrize("error", [MemoryError(), OSError(12, "Cannot allocate memory")], ids=repr)
def test_too_little_memory_is_no_fault_of_a_package(call, error):
    """It is tried again with less at once."""
    with pytest.raises(type(error)):
        call(error)


def test_integers_of_numpy_become_those_of_python():
    """A jitter adds to them: those of 8 bits would overflow."""
    point = replace(POINT, x=np.uint8(12), y=np.int64(6), positive=np.bool_(True), depth=np.float32(2), ties=np.int8(1))
    assert click_of(point) == POINT
    assert type(click_of(point).x) is int
    assert prompts_of([Prompt(points=(point,))], points=True) == [Prompt(points=(POINT,))]
    assert prompts_of([Prompt(box=Box(*np.array(BOX)))], boxes=True) == [Prompt(box=BOX)]


@pytest.mark.parametrize("end", ["converged", "exhausted"])
def test_an_end_is_passed_on(end):
    """Both are answers of a protocol."""
    assert click_of(end) == end


@pytest.mark.parametrize("field", ["truth_HW", "labelled_HW", "prediction_HW"])
def test_a_protocol_that_changes_a_mask_is_refused(field, monkeypatch):
    """Scores and other threads read the same pixels."""

    def change(situation):
        getattr(situation, field)[0, 0] = True
        return POINT

    truth_HW = TRUTH.copy()
    with pytest.raises(RefusedPromptsError, match="raised ValueError: assignment destination is read-only"):
        checked_click(
            ClickProtocol(name="own", next_click=change, feedback=False, clicks=5),
            situation(truth_HW, np.zeros_like(truth_HW)),
        )
    assert np.array_equal(truth_HW, TRUTH)


@pytest.mark.parametrize("masks", [lambda target: target.truth_HW, lambda target: target.components[0]])
def test_a_mode_that_changes_a_mask_is_refused(masks):
    """Other modes share them."""

    def change(target, draw):
        masks(target)[0, 0] = True

    with pytest.raises(RefusedPromptsError, match="raised ValueError: assignment destination is read-only"):
        checked_prompts(PromptMode(name="own", prompts=change, points=True), Target(TRUTH.copy()), DRAW)


def test_a_point_outside_is_refused_before_a_jitter_moves_it_inside(install_package):
    """A move ends at the border of the image."""
    code = """
from job.prompts.clicks import ClickProtocol
from job.prompts.modes import Point, Prompt, PromptMode
AT = Point(x=300, y=6, positive=True, depth=2.0, ties=1)
MODE = PromptMode(name="astray", prompts=lambda target, draw: [Prompt(points=(AT,))], points=True)
"""
    install_package("astray", code, "medsam_job.modes", "astray = astray:MODE")
    block = PromptBlock(protocol="one-shot", prompts=("astray",), mask_choices=("first",), jitter=Jitter(5, "px"))
    with pytest.raises(RefusedPromptsError, match=r"mode astray of astray 1\.2: x: expected an integer .*mend the"):
        prompts_of_modes(block, Target(TRUTH), DRAW)


def test_a_click_outside_is_refused_before_a_jitter_moves_it_inside(install_package):
    """As of a mode."""
    code = """
from job.prompts.clicks import ClickProtocol
from job.prompts.modes import Point
AT = Point(x=300, y=6, positive=True, depth=2.0, ties=1)
PROTOCOL = ClickProtocol(name="astray", next_click=lambda situation: AT, feedback=False, clicks=5)
"""
    install_package("astray", code, "medsam_job.protocols", "astray = astray:PROTOCOL")
    block = PromptBlock(protocol="astray", prompts=("clicks",), mask_choices=("first",), jitter=Jitter(5, "px"))
    with pytest.raises(RefusedPromptsError, match=r"protocol astray of astray 1\.2: click 1: x: expected an integer"):
        next_click(block, situation(TRUTH))


@pytest.mark.parametrize("mode", [{"points": True, "most_calls": 0}, {"points": True, "most_calls": 1.5}, {}])
def test_a_mode_without_prompts_cannot_be_made(mode):
    """So its package cannot be imported, which the spec that names it is told."""
    with pytest.raises(ValueError, match="mode own: "):
        PromptMode(name="own", prompts=list, **mode)


@pytest.mark.parametrize("clicks", [0, -3, 2.5])
def test_a_protocol_without_clicks_cannot_be_made(clicks):
    """As a mode."""
    assert ClickProtocol(name="own", next_click=lambda _: POINT, feedback=False, clicks=1).clicks == 1
    with pytest.raises(ValueError, match="protocol own: clicks: expected an integer from 1"):
        ClickProtocol(name="own", next_click=str, feedback=False, clicks=clicks)


@pytest.mark.parametrize(("letters", "shown"), [(78, "'" + 78 * "x" + "'"), (79, "'" + 76 * "x" + "...")])
def test_what_was_given_is_shown_in_eighty_letters(letters, shown):
    """In the detail of the ledger's line as in the error's text."""
    with pytest.raises(RefusedPromptsError) as raised:
        click_of(letters * "x")
    assert raised.value.detail == str(raised.value)
    assert f"got str {shown}; update or mend the package" in raised.value.detail
