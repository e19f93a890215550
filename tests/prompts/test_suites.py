"""The suites that other packages run refuse what is faulty, each fault by the test that names it."""

from itertools import count

import numpy as np
import pytest

from job.prompts.boxes import Box
from job.prompts.clicks import ClickProtocol
from job.prompts.modes import Point, Prompt, PromptMode
from job.prompts.testing import ModeSuite, ProtocolSuite

HEIGHT, WIDTH = 24, 31
numbers = count()


def on(mask_HW, **changes):
    """Return a point on the first pixel of a mask."""
    y, x = np.argwhere(mask_HW)[0]
    return Point(**{"x": int(x), "y": int(y), "positive": True, "depth": 1.0, "ties": 1} | changes)


def first(**changes):
    """Return a protocol whose clicks lie on the first wrong pixel, but for what is changed."""

    def give(situation):
        wrong_HW = situation.truth_HW ^ situation.prediction_HW
        return on(wrong_HW, **changes) if wrong_HW.any() else "converged"

    return give


def endless(situation):
    """Click the object, whatever is predicted."""
    return on(situation.truth_HW)


def moody(situation):
    """Click at random."""
    return on(situation.truth_HW, ties=next(numbers) + 1)


def tampering(situation):
    """Write into the prediction."""
    situation.prediction_HW.flags.writeable = True
    situation.prediction_HW[:] = False
    return first()(situation)


def beside_later(situation):
    """Click right at first, and then anywhere."""
    return on(~situation.prediction_HW & ~situation.truth_HW) if situation.clicked else on(situation.truth_HW)


PROTOCOLS = {
    "a negative first click": ("the_first_click_is_positive_and_on_the_object", first(positive=False)),
    "a first click beside the object": (
        "the_first_click_is_positive_and_on_the_object",
        lambda situation: on(~situation.truth_HW),
    ),
    "no first click": ("the_first_click_is_positive_and_on_the_object", lambda _: "exhausted"),
    "no depth": ("a_click_states_its_depth_and_how_many_pixels_tied", first(depth=0.0)),
    "no ties": ("a_click_states_its_depth_and_how_many_pixels_tied", first(ties=0)),
    "chance of its own": ("the_same_situation_has_the_same_click", moody),
    "no end": ("a_perfect_mask_gets_no_click", endless),
    "a later click on what is right": ("a_later_click_lies_in_the_image_and_on_an_error", beside_later),
    "a mask that is written to": ("masks_are_left_as_they_are", tampering),
}


@pytest.mark.parametrize(("test", "next_click"), PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_faulty_protocol_fails(test, next_click):
    """A sound one, which clicks the first wrong pixel, passes all of them."""
    suite = ProtocolSuite()
    suite.protocol = ClickProtocol(name="own", next_click=first(), feedback=False, clicks=5)
    getattr(suite, f"test_{test}")()
    suite.protocol = ClickProtocol(name="own", next_click=next_click, feedback=False, clicks=5)
    with pytest.raises((AssertionError, ValueError)):
        getattr(suite, f"test_{test}")()


def points(**changes):
    """Return a mode of one point, on the object but for what is changed."""
    return lambda target, draw: [Prompt(points=(on(target.truth_HW, **changes),))]


def boxes(*corners):
    """Return a mode of one box."""
    return lambda target, draw: [Prompt(box=Box(*corners))]


def erasing(target, draw):
    """Write into the object."""
    target.truth_HW.flags.writeable = True
    target.truth_HW[:] = False
    return boxes(0, 0, 1, 1)(target, draw)


INSIDE = "points_and_boxes_lie_in_the_image"
MODES = {
    "no prompt": ("an_object_gets_at_least_one_call_and_at_most_as_many_as_the_mode_says", lambda *_: []),
    "more prompts than promised": (
        "an_object_gets_at_least_one_call_and_at_most_as_many_as_the_mode_says",
        lambda *_: [Prompt(box=Box(0, 0, 1, 1))] * 2,
    ),
    "a point in place of a box": ("prompts_have_the_points_and_boxes_that_the_mode_says", points()),
    "a point right of the image": (INSIDE, points(x=WIDTH)),
    "a point below the image": (INSIDE, points(y=HEIGHT)),
    "a point left of the image": (INSIDE, points(x=-1)),
    "a point above the image": (INSIDE, points(y=-1)),
    "a box right of the image": (INSIDE, boxes(0, 0, WIDTH, 1)),
    "a box below the image": (INSIDE, boxes(0, 0, 1, HEIGHT)),
    "a box left of the image": (INSIDE, boxes(-1, 0, 1, 1)),
    "a box above the image": (INSIDE, boxes(0, -1, 1, 1)),
    "a box from right to left": (INSIDE, boxes(2, 0, 1, 1)),
    "a box upside down": (INSIDE, boxes(0, 2, 1, 1)),
    "a negative point on the object": (
        "positive_points_lie_on_the_object_and_negative_ones_beside_it",
        points(positive=False),
    ),
    "chance of its own": (
        "the_same_object_has_the_same_prompts",
        lambda *_: [Prompt(box=Box(0, 0, 1, next(numbers) % 2))],
    ),
    "an object that is written to": ("the_object_is_left_as_it_is", erasing),
}


@pytest.mark.parametrize(("test", "prompts"), MODES.values(), ids=MODES)
def test_a_faulty_mode_fails(test, prompts):
    """A sound one, of the box of the whole image, passes all of them."""
    suite = ModeSuite()
    suite.mode = PromptMode(name="own", prompts=boxes(0, 0, WIDTH - 1, HEIGHT - 1), boxes=True, most_calls=1)
    getattr(suite, f"test_{test}")()
    suite.mode = PromptMode(name="own", prompts=prompts, boxes=True, most_calls=1)
    with pytest.raises((AssertionError, ValueError)):
        getattr(suite, f"test_{test}")()


def test_a_point_in_each_corner_is_in_the_image():
    """And passes."""
    suite = ModeSuite()
    for x, y in ((0, 0), (WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH - 1, HEIGHT - 1)):
        suite.mode = PromptMode(name="own", prompts=points(x=x, y=y), points=True, most_calls=1)
        suite.test_points_and_boxes_lie_in_the_image()
