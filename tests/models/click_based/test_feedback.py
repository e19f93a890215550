"""The bounds of a mask, from which the zoom-in follows."""

import pytest
import torch

from job.models.click_based.feedback import PreviousMask, tight_bounds
from job.models.click_based.roi import Roi
from job.models.host_copy import HostCopy


def rois(probabilities_NHW):
    bounds = HostCopy(tight_bounds(probabilities_NHW))
    return [
        PreviousMask(probability_HW=probability_HW, roi=None, bounds=bounds, index=index).tight_roi()
        for index, probability_HW in enumerate(probabilities_NHW)
    ]


def test_a_roi_contains_all_pixels_above_one_half():
    """Each mask of a batch has its own; one half itself is not above."""
    probabilities = torch.full((2, 9, 7), 0.5)
    probabilities[0, 3, 1] = probabilities[0, 5, 6] = probabilities[1, 8, 0] = 0.51
    assert rois(probabilities) == [Roi(3, 5, 1, 6), Roi(8, 8, 0, 0)]


@pytest.mark.parametrize("value", [0.0, 0.5, float("nan")])
def test_an_empty_mask_has_no_roi(value):
    """Neither has one that is not a number."""
    assert rois(torch.full((1, 4, 5), value)) == [None]


def test_a_full_mask_has_the_whole_image():
    """From the first row and column to the last."""
    assert rois(torch.ones(1, 4, 5)) == [Roi(0, 3, 0, 4)]


def test_without_zoom_in_there_are_no_bounds():
    """And no roi."""
    assert PreviousMask(probability_HW=torch.ones(2, 2), roi=None, bounds=None, index=0).tight_roi() is None
