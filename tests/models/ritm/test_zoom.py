"""Where RITM looks, in numbers that can be computed by hand."""

import numpy as np
import pytest

from job.models.ritm.zoom import Roi, kept_roi, object_roi

NONE = np.zeros((0, 2))


def at(*clicks):
    return np.array(clicks, dtype=float)


def test_a_small_object_gets_200_pixels_about_its_centre():
    """Rows 500 to 509: centre 504.5, side 200: round(404.5) = 404 to round(604.5) = 604, to even as Python rounds."""
    assert object_roi(Roi(500, 509, 500, 500), NONE, 1000, 1000) == Roi(404, 604, 400, 600)


def test_a_large_object_is_expanded_by_1_4():
    """Rows 300 to 699: centre 499.5, side 560."""
    assert object_roi(Roi(300, 699, 300, 699), NONE, 1000, 1000) == Roi(220, 780, 220, 780)


def test_the_box_takes_in_the_positive_clicks():
    """A click at (100, 900) widens the tight roi before it is expanded: rows 100 to 509, columns 500 to 900."""
    assert object_roi(Roi(500, 509, 500, 500), at((100, 900)), 2000, 2000) == Roi(18, 592, 419, 981)


def test_the_box_ends_at_the_border():
    """A small image is seen whole."""
    assert object_roi(Roi(3, 3, 3, 3), NONE, 16, 20) == Roi(0, 15, 0, 19)


@pytest.mark.parametrize(
    ("roi", "size"),
    [
        (Roi(0, 199, 0, 99), (400, 200)),
        (Roi(0, 187, 0, 164), (400, 351)),
        (Roi(0, 999, 0, 0), (400, 1)),
    ],
)
def test_the_longer_side_becomes_400(roi, size):
    """The other side is rounded, and never vanishes."""
    assert roi.network_size == size


def test_a_box_is_kept_while_it_overlaps_the_new_one():
    """Half the rows and all columns: 0.5 is enough."""
    old = Roi(0, 199, 0, 199)
    assert kept_roi(old, Roi(0, 99, 0, 199), at((50, 50))) == old
    assert kept_roi(old, Roi(0, 98, 0, 199), at((50, 50))) == Roi(0, 98, 0, 199)


def test_the_overlap_is_the_product_of_both_axes():
    """0.7 of the rows and of the columns is 0.49, though the areas' IoU would be 49 / 91; 0.8 of both is 0.64."""
    assert kept_roi(Roi(0, 9, 0, 6), Roi(0, 6, 0, 9), at((1, 1))) == Roi(0, 6, 0, 9)
    assert kept_roi(Roi(0, 9, 0, 7), Roi(0, 7, 0, 9), at((1, 1))) == Roi(0, 9, 0, 7)


def test_a_positive_click_in_the_last_row_is_outside():
    """Row 199 of 0 to 199 moves the roi, row 198 does not."""
    old, new = Roi(0, 199, 0, 199), Roi(10, 209, 0, 199)
    assert kept_roi(old, new, at((198, 50))) == old
    assert kept_roi(old, new, at((199, 50))) == new
