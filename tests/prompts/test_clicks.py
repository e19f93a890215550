"""The click protocols on regions whose depths can be counted on a grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

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


def line(left, top, length):
    """Return a mask of 11 x 11 pixels with a horizontal line."""
    mask_HW = np.zeros((11, 11), np.bool_)
    mask_HW[top, left : left + length] = True
    return mask_HW


def test_the_challenge_clicks_in_the_largest_component_of_the_error_not_in_the_deepest():
    """A line of ten pixels is larger than a square of three by three, whose centre is deeper."""
    clicks = [click("cvpr2025", mask((1, 1, 3)) | line(0, 8, 10), NOTHING, seed=seed) for seed in range(100)]
    assert {(point.x, point.y) for point in clicks} == {(x, 8) for x in range(10)}
    assert {(point.depth, point.ties) for point in clicks} == {(1.0, 10)}


def test_of_components_of_one_size_the_challenge_takes_the_first_in_row_major_order():
    """The upper one, although the other is further left."""
    assert click("cvpr2025", mask((1, 5, 3), (6, 1, 3)), NOTHING) == Point(x=7, y=2, positive=True, depth=2.0, ties=1)


def test_pixels_that_touch_at_a_corner_are_one_component():
    """Two squares of two by two are larger than one of two by three."""
    apart = mask((8, 1, 2))
    apart[3, 8:10] = True
    point = click("cvpr2025", mask((1, 5, 2), (3, 7, 2)) | apart, NOTHING)
    assert (point.y >= 5, point.ties) == (True, 8)


def test_what_is_beyond_the_image_is_outside_the_component():
    """Of three by three pixels in a corner the centre is the deepest, not the corner."""
    assert click("cvpr2025", mask((0, 0, 3)), NOTHING) == Point(x=1, y=1, positive=True, depth=2.0, ties=1)


def test_the_challenge_clicks_what_is_too_much_negatively():
    """Also where another class of the label map is."""
    excess = mask((3, 3, 5))
    assert click("cvpr2025", NOTHING, excess, labelled=excess) == Point(x=5, y=5, positive=False, depth=3.0, ties=1)


def test_a_component_may_hold_missing_and_excess_pixels():
    """Side by side they are one of six by three, whose deepest pixels are of both."""
    clicks = [click("cvpr2025", mask((1, 1, 3)), mask((4, 1, 3)), seed=seed) for seed in range(100)]
    assert {(point.x, point.y, point.positive) for point in clicks} == {
        (2, 2, True), (3, 2, True), (4, 2, False), (5, 2, False),
    }  # fmt: skip


def test_the_challenge_may_click_a_pixel_again():
    """The deepest pixel stays the deepest."""
    assert click("cvpr2025", mask((1, 1, 3)), NOTHING, clicked=[(2, 2)]).ties == 1


pairs_of_masks = st.tuples(st.integers(1, 20), st.integers(1, 20)).flatmap(
    lambda shape: st.tuples(arrays.arrays(np.bool_, shape), arrays.arrays(np.bool_, shape))
)


@given(pairs_of_masks, st.integers(0, 9))
@settings(deadline=None)
def test_the_challenge_click_is_that_of_scipy(masks, seed):
    """Labels, sizes and distances of the whole image, padded."""
    truth, prediction = masks
    labels, count = ndimage.label(truth ^ prediction, np.ones((3, 3)))
    point = click("cvpr2025", truth, prediction, seed=seed)
    if not count:
        assert point == "converged"
        return
    largest = labels == 1 + np.argmax(ndimage.sum_labels(labels > 0, labels, range(1, count + 1)))
    distances = ndimage.distance_transform_edt(np.pad(largest, 1))[1:-1, 1:-1]
    assert distances[point.y, point.x] == distances.max() == pytest.approx(point.depth)
    assert (point.ties, point.positive) == ((distances == distances.max()).sum(), truth[point.y, point.x])
