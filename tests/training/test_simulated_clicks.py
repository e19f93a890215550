"""The clicks, objects and boxes that are simulated in training follow their rules."""

import numpy as np
import pytest

from training.clicks import ClickList, correct, deepest_click, first_click, first_clicks, overlap
from training.objects import ObjectCrops, choose_object, generator, jittered_box


@pytest.fixture
def square():
    """A square of 11 x 11 px with its centre at x 25, y 15."""
    truth = np.zeros((40, 50), dtype=bool)
    truth[10:21, 20:31] = True
    return truth


def test_the_deepest_click_of_a_square_is_its_centre(square):
    """The click is positive, as (x, y)."""
    clicks = deepest_click(square)
    assert (clicks.points, clicks.positive) == ([(25, 15)], [True])


@pytest.mark.parametrize("seed", range(20))
def test_first_clicks_are_positive_inside_and_negative_outside(square, seed):
    """The first click is always positive."""
    clicks = first_clicks(square, generator(seed))
    assert clicks.positive[0]
    assert [bool(square[y, x]) for x, y in clicks.points] == clicks.positive
    assert first_click(square, generator(seed)).positive == [True]


def test_the_first_click_on_a_single_pixel_is_that_pixel():
    """An object of one pixel gets its click with every seed."""
    truth = np.zeros((9, 9), dtype=bool)
    truth[4, 6] = True
    assert all(first_click(truth, generator(seed)).points == [(6, 4)] for seed in range(8))


@pytest.mark.parametrize("rng", [None, generator(1)])
def test_a_correction_is_in_the_deeper_error(square, rng):
    """It is positive in a missing region and negative in an excess region."""
    clicks = ClickList()
    correct(clicks, square, np.zeros_like(square), rng)
    correct(clicks, square, np.ones_like(square), rng)
    assert clicks.positive == [True, False]
    assert [bool(square[y, x]) for x, y in clicks.points] == [True, False]


def test_a_mask_without_error_gets_no_click(square):
    """The list of clicks does not change."""
    clicks = ClickList()
    correct(clicks, square, square, None)
    assert clicks.points == []


def test_overlap_is_the_iou(square):
    """A prediction of 5 of 11 columns, without excess, has IoU 5/11."""
    half = square & (np.arange(50) < 25)[None]
    assert overlap(half, square) == pytest.approx(5 / 11)


def test_a_crop_contains_its_object_and_depends_only_on_its_index():
    """Image and truth have the requested side, and the same index returns the same crop."""
    data = ObjectCrops(seed=3, side=64)
    for index in range(12):
        image, truth = data[index]
        assert (image.shape, image.dtype, truth.shape, truth.dtype) == ((64, 64, 3), np.uint8, (64, 64), bool)
        assert truth.any()
    np.testing.assert_array_equal(data[5][0], data[5][0])


def test_a_chosen_object_is_a_label_a_component_or_two_labels():
    """The sizes are those of labels of 36 + 64 px and 48 px: whole, by component, and joined."""
    labels = np.zeros((30, 30), np.uint8)
    labels[2:8, 2:8], labels[20:28, 20:28], labels[2:8, 20:28] = 1, 1, 2
    sizes = {int(choose_object(labels, generator(seed)).sum()) for seed in range(60)}
    assert sizes == {36, 64, 100, 48, 148}


def test_a_box_is_tight_in_half_of_the_cases(square):
    """The other boxes are off by at most a tenth of a side of 11 px."""
    boxes = np.array([jittered_box(square, generator(seed)) for seed in range(40)])
    assert (np.abs(boxes - [20, 10, 30, 20]) <= 1.1).all()
    assert 10 < (boxes == [20, 10, 30, 20]).all(axis=1).sum() < 30
