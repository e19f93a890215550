"""Boundary metrics of masks whose distances can be worked out by hand."""

import numpy as np
import pytest

from job.metrics.boundary import assd, boundary_iou, hd95, nsd
from job.metrics.contours import MaskPair
from tests.metrics.masks import disc, one_pixel


@pytest.fixture
def apart():
    """Two pixels of one row, three columns apart, in a grid of 1 by 2 mm.

    The contour of a pixel has its four corners as elements. The two nearer corners are 2 columns from the other pixel,
    the two others 3.
    """
    return MaskPair(one_pixel((5, 9), 2, 2), one_pixel((5, 9), 2, 5), (1.0, 2.0))


@pytest.mark.parametrize(("tolerance", "expected"), [(3.9, 0), (4.0, 0.5), (5.9, 0.5), (6.0, 1)])
def test_nsd_counts_what_lies_within_the_tolerance(apart, tolerance, expected):
    """A distance equal to the tolerance lies within it."""
    assert nsd(apart, tolerance) == expected


def test_distances_follow_the_spacing(apart):
    """4 mm and 6 mm, each for half of the contours."""
    assert assd(apart, 0.0) == 5
    assert hd95(apart, 0.0) == 6


def test_hd95_is_the_larger_of_both_directions():
    """A far speck of the prediction is a long way from the truth; the truth is near the prediction."""
    truth_HW = one_pixel((9, 30), 4, 2)
    prediction_HW = truth_HW | one_pixel((9, 30), 4, 22)
    for masks in ((truth_HW, prediction_HW), (prediction_HW, truth_HW)):
        assert hd95(MaskPair(*masks, (1.0, 1.0)), 0.0) == 20


def test_hd95_leaves_out_a_twentieth_of_the_contour():
    """A bar of 100 pixels and one with a spike of 3 rows; the longest distances are those of the spike's tip."""
    truth_HW = np.zeros((12, 110), np.bool_)
    truth_HW[8:10, 5:105] = True
    prediction_HW = truth_HW.copy()
    prediction_HW[5:8, 50] = True
    assert hd95(MaskPair(truth_HW, prediction_HW, (1.0, 1.0)), 0.0) == 0
    assert nsd(MaskPair(truth_HW, prediction_HW, (1.0, 1.0)), 2.5) < 1


def test_equal_masks_are_perfect():
    """Whatever the spacing."""
    mask_HW = disc((20, 30), (8, 12), (5, 9))
    masks = MaskPair(mask_HW, mask_HW, (0.3, 0.9))
    assert (nsd(masks, 1e-9), boundary_iou(masks, 0.0), hd95(masks, 0.0), assd(masks, 0.0)) == (1, 1, 0, 0)


def test_a_diagonal_weighs_as_much_as_its_length():
    """The four corners of a square of 3 x 3 pixels weigh half a diagonal each, its eight other elements a side each.

    The square's sides lie 1 px from the contour of the pixel in its middle, its corners a diagonal.
    """
    square_HW = np.zeros((7, 7), np.bool_)
    square_HW[2:5, 2:5] = True
    masks = MaskPair(square_HW, one_pixel((7, 7), 3, 3), (1.0, 1.0))
    cut = 0.5**0.5
    within = 4 * cut + 8  # the middle pixel, and the sides; the corners of the square are a diagonal away
    assert nsd(masks, 1.0) == pytest.approx(within / (8 * cut + 8), abs=1e-12)
    assert assd(masks, 1.0) == pytest.approx((within + 4 * cut * 2**0.5) / (8 * cut + 8), abs=1e-12)


def test_empty_space_around_the_masks_changes_no_distance():
    """Only their joint box is looked at."""
    truth_HW, prediction_HW = disc((30, 30), (14, 15), (6, 9)), disc((30, 30), (17, 12), (7, 8))
    small = MaskPair(truth_HW, prediction_HW, (0.8, 1.2))
    large = MaskPair(np.pad(truth_HW, 50), np.pad(prediction_HW, 50), (0.8, 1.2))
    for metric in (nsd, hd95, assd):
        assert metric(small, 2.0) == metric(large, 2.0)
    assert large.cropped[0].shape[0] < 30
