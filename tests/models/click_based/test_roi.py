"""The choice of the roi, computed by hand."""

import numpy as np
import pytest

from job.models.click_based.roi import Roi, kept_roi, object_roi

NONE = np.zeros((0, 2))


def at(*clicks):
    return np.array(clicks, dtype=float)


def test_the_roi_of_a_small_object_has_sides_of_200():
    """Rows 500 to 509: centre 504.5, so round(404.5) = 404 to round(604.5) = 604; Python rounds halves to even."""
    assert object_roi(Roi(500, 509, 500, 500), NONE, 1000, 1000) == Roi(404, 604, 400, 600)


def test_the_roi_of_a_large_object_is_expanded_by_1_4():
    """Rows 300 to 699: centre 499.5, side 560."""
    assert object_roi(Roi(300, 699, 300, 699), NONE, 1000, 1000) == Roi(220, 780, 220, 780)


def test_the_roi_is_extended_to_the_positive_clicks():
    """With a click at (100, 900), rows 100 to 509 and columns 500 to 900 are expanded."""
    assert object_roi(Roi(500, 509, 500, 500), at((100, 900)), 2000, 2000) == Roi(18, 592, 419, 981)


@pytest.mark.parametrize(("height", "width"), [(16, 20), (20, 16)])
def test_the_roi_ends_at_the_border(height, width):
    """It is the whole of a small image."""
    assert object_roi(Roi(3, 3, 3, 3), NONE, height, width) == Roi(0, height - 1, 0, width - 1)


def test_a_roi_is_kept_if_it_overlaps_the_new_one():
    """Half the rows and all columns are 0.5, which is enough; 0.495 is not."""
    old = Roi(0, 199, 0, 199)
    assert kept_roi(old, Roi(0, 99, 0, 199), at((50, 50))) == old
    assert kept_roi(old, Roi(0, 98, 0, 199), at((50, 50))) == Roi(0, 98, 0, 199)


def test_the_overlap_is_the_product_of_both_axes():
    """0.7 of the rows and of the columns is 0.49, where the IoU of the areas is 49 / 91; 0.8 of both is 0.64."""
    assert kept_roi(Roi(0, 9, 0, 6), Roi(0, 6, 0, 9), at((1, 1))) == Roi(0, 6, 0, 9)
    assert kept_roi(Roi(0, 9, 0, 7), Roi(0, 7, 0, 9), at((1, 1))) == Roi(0, 9, 0, 7)


def test_a_positive_click_in_the_last_row_is_outside():
    """In a roi of rows 0 to 199, a click in row 199 moves the roi, one in row 198 does not."""
    old, new = Roi(0, 199, 0, 199), Roi(10, 209, 0, 199)
    assert kept_roi(old, new, at((198, 50))) == old
    assert kept_roi(old, new, at((199, 50))) == new
