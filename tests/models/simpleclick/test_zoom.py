"""What the network sees of an image at each click, computed by hand."""

import numpy as np
import pytest
import torch

from job.models.click_based.feedback import PreviousMask, tight_bounds
from job.models.click_based.framing import Framing, RowColumnClicks
from job.models.click_based.roi import Roi
from job.models.host_copy import HostCopy
from job.models.simpleclick.zoom import SimpleClickZoom

ZOOM = SimpleClickZoom(side=448)
HEIGHT, WIDTH = 900, 1200
WHOLE = Roi(0, HEIGHT - 1, 0, WIDTH - 1)
SMALL = Roi(304, 504, 404, 604)
"""The roi about pixel (404, 504)."""


def clicks(*rows_columns):
    return RowColumnClicks(rows_columns_N2=np.array(rows_columns, float), positive_N=np.ones(len(rows_columns), bool))


def previous(roi, *rows_columns):
    """A mask of some pixels; the last roi."""
    probability_HW = torch.zeros(HEIGHT, WIDTH)
    for row, column in rows_columns:
        probability_HW[row, column] = 0.51
    bounds = HostCopy(tight_bounds(probability_HW[None]))
    return PreviousMask(probability_HW=probability_HW, roi=roi, bounds=bounds, index=0)


def roi(mask, *rows_columns, zoom=ZOOM):
    framing = zoom.framing(HEIGHT, WIDTH, clicks(*rows_columns), mask)
    assert framing == Framing.of_roi(HEIGHT, WIDTH, framing.crop, (448, 448))
    return framing.crop


def test_the_first_click_sees_the_whole_image():
    """Resized to 448 x 448, whatever its proportions."""
    assert roi(None, (404, 504)) == WHOLE


def test_a_mask_is_zoomed_in_on():
    """At the second click the whole image gives way to the object's roi, which overlaps with it by too little."""
    assert roi(previous(WHOLE, (404, 504)), (404, 504)) == SMALL


def test_a_mask_of_much_of_the_image_keeps_the_whole_image():
    """Its roi overlaps with the whole image by more than half."""
    assert roi(previous(WHOLE, (100, 100), (800, 1100)), (404, 504)) == WHOLE


def test_an_empty_mask_leads_back_to_the_whole_image():
    """Also without zoom-in before."""
    assert roi(previous(SMALL), (404, 504)) == WHOLE
    assert roi(previous(WHOLE), (404, 504)) == WHOLE


def test_an_empty_mask_keeps_a_roi_of_more_than_half_the_image():
    """The rule is the same for all rois, as upstream."""
    large = Roi(0, 799, 0, 999)
    assert roi(previous(large), (404, 504)) == large
    assert roi(previous(large), (850, 504)) == WHOLE


@pytest.mark.parametrize("mask", [None, previous(WHOLE, (404, 504))], ids=["first click", "later"])
def test_without_zoom_in_each_click_sees_the_whole_image(mask):
    """Still at the network's only size."""
    assert roi(mask, (404, 504), zoom=SimpleClickZoom(side=448, follows_mask=False)) == WHOLE


def test_all_inputs_have_one_size():
    """So the memory of a pass does not depend on the image."""
    assert ZOOM.largest_px(16, 16) == ZOOM.largest_px(5000, 9000) == 448**2
