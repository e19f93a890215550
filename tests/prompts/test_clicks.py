"""The click protocols on regions whose depths can be counted on a grid."""

import numpy as np
import pytest

from job.prompts.clicks import Situation, click_protocol
from job.prompts.draw import Draw
from job.prompts.modes import Point
from job.study.protocols import PROTOCOLS

PUBLISHED = ["mazurowski2023", "mazurowski2023-corrected"]


def mask(*squares):
    """Return a mask of 11 x 11 pixels with squares, each (left, top, side)."""
    mask_HW = np.zeros((11, 11), np.bool_)
    for left, top, side in squares:
        mask_HW[top : top + side, left : left + side] = True
    return mask_HW


NOTHING = mask()


def click(protocol, truth, prediction, *, labelled=None, clicked=(), seed=0):
    """Return the next click of a protocol, or why there is none."""
    return click_protocol(protocol).next_click(
        Situation(
            truth_HW=truth,
            labelled_HW=truth if labelled is None else labelled,
            prediction_HW=prediction,
            clicked=clicked,
            step=1,
            draw=Draw(seed=seed, image="", slice=0, task=""),
        )
    )


@pytest.mark.parametrize("protocol", PROTOCOLS.all())
def test_a_perfect_mask_is_converged(protocol):
    """No error pixel is left to click."""
    assert click(protocol, mask((3, 3, 5)), mask((3, 3, 5))) == "converged"


def test_ritm_clicks_the_deeper_of_the_missing_and_the_excess_region():
    """The centre of five by five pixels is three steps from the outside, that of three by three pixels two."""
    large, small = mask((1, 1, 5)), mask((7, 7, 3))
    assert click("ritm", large, small) == Point(x=3, y=3, positive=True, depth=3.0, ties=1)
    assert click("ritm", small, large) == Point(x=3, y=3, positive=False, depth=3.0, ties=1)


def test_ritm_clicks_the_excess_region_if_both_are_equally_deep():
    """As its authors' code does."""
    assert click("ritm", mask((1, 1, 3)), mask((6, 6, 3))) == Point(x=7, y=7, positive=False, depth=2.0, ties=1)


def test_ritm_clicks_the_first_of_equally_deep_pixels_in_row_major_order():
    """The upper one, although the other is further left."""
    assert click("ritm", mask((1, 5, 3), (6, 1, 3)), NOTHING) == Point(x=7, y=2, positive=True, depth=2.0, ties=2)


def test_ritm_excludes_clicked_pixels():
    """Without its centre, a square of three by three pixels has eight pixels of depth one."""
    clicked = [(2, 2)]
    assert click("ritm", mask((1, 1, 3)), NOTHING, clicked=clicked) == Point(x=1, y=1, positive=True, depth=1.0, ties=8)
    assert click("ritm", mask((2, 2, 1)), NOTHING, clicked=clicked) == "exhausted"


@pytest.mark.parametrize("protocol", PUBLISHED)
def test_the_published_rule_pools_missing_and_excess_pixels(protocol):
    """Side by side they are one region of six by three pixels, with four deepest pixels in its middle row."""
    clicks = [click(protocol, mask((1, 1, 3)), mask((4, 1, 3)), seed=seed) for seed in range(100)]
    assert {(point.x, point.y) for point in clicks} == {(2, 2), (3, 2), (4, 2), (5, 2)}
    assert {(point.depth, point.ties) for point in clicks} == {(2.0, 4)}
    assert all(point.positive == (point.x < 4) for point in clicks)


@pytest.mark.parametrize("protocol", PUBLISHED)
def test_the_published_rule_may_click_a_pixel_again(protocol):
    """The deepest pixel stays the deepest."""
    clicked = [(2, 2)]
    assert click(protocol, mask((1, 1, 3)), NOTHING, clicked=clicked) == Point(
        x=2, y=2, positive=True, depth=2.0, ties=1
    )


def test_on_another_class_only_the_published_click_is_positive():
    """The published code looks at the whole label map, its text at the object."""
    excess = mask((1, 1, 3))
    clicks = {name: click(name, NOTHING, excess, labelled=excess) for name in PUBLISHED}
    assert {name: point.positive for name, point in clicks.items()} == {PUBLISHED[0]: True, PUBLISHED[1]: False}
