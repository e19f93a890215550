"""Polygons as pixels, against OpenCV's test of a point, and against masks worked out by hand."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from job.datasets.formats.segments.polygons import AT_ONCE, even_odd

SQUARE = np.array([[1, 1], [1, 5], [5, 5], [5, 1]], float)


def pixels(*polygons, shape=(8, 9)):
    return even_odd([np.asarray(polygon, float) for polygon in polygons], shape)[0]


def by_opencv(polygon, shape):
    """Return the centres in a polygon or on its edge."""
    contour = np.asarray(polygon, np.float32)[:, None, ::-1]
    inside = [[cv2.pointPolygonTest(contour, (c, r), False) >= 0 for c in range(shape[1])] for r in range(shape[0])]
    return np.array(inside)


def star(corners):
    """Order corners by their angle about their middle, so that no edges cross."""
    corners = np.array(corners, float)
    middle = corners.mean(axis=0) + np.array([0.011, 0.007])
    return corners[np.argsort(np.arctan2(*(corners - middle).T))]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(-2, 20), st.integers(-2, 20)), min_size=3, max_size=9, unique=True))
def test_pixels_are_those_whose_centres_opencv_finds_inside_or_on_an_edge(corners):
    """Polygons with corners at halves of pixels: many centres lie on edges."""
    polygon = star(corners) / 2
    assert np.array_equal(pixels(polygon), by_opencv(polygon, (8, 9)))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(-2, 20), st.integers(-2, 20)), min_size=3, max_size=9))
def test_neither_flips_nor_transposes_change_the_pixels(corners):
    """Whichever way an image is stored, and even if edges cross."""
    polygon = np.array(corners) / 2
    drawn = pixels(polygon)
    assert np.array_equal(pixels([7, 0] + polygon * [-1, 1])[::-1], drawn)
    assert np.array_equal(pixels([0, 8] + polygon * [1, -1])[:, ::-1], drawn)
    assert np.array_equal(pixels(polygon[:, ::-1], shape=(9, 8)).T, drawn)
    assert np.array_equal(pixels(polygon[::-1]), drawn)


def test_a_contour_through_the_centres_of_outer_pixels_gives_the_mask_back():
    """As OpenCV's findContours, from which some tools write structures, returns it: the outline and a hole's."""
    mask = np.zeros((12, 14), np.uint8)
    mask[1:10, 2:13] = 1
    mask[4:7, 5:9] = 0
    found, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    assert len(found) == 2
    assert np.array_equal(pixels(*(contour[:, 0, ::-1] for contour in found), shape=mask.shape), mask > 0)


def test_a_contour_between_pixels():
    """Half a pixel around a square of 2 x 3."""
    expected = np.zeros((8, 9), bool)
    expected[2:4, 3:6] = True
    assert np.array_equal(pixels([[1.5, 2.5], [1.5, 5.5], [3.5, 5.5], [3.5, 2.5]]), expected)


def test_rounded_corners_still_lie_on_centres():
    """Positions in files have a few decimals."""
    assert np.array_equal(pixels(SQUARE + [[4e-4, -4e-4]] * 4), pixels(SQUARE))
    assert pixels(SQUARE).sum() == 25


def test_a_hole_and_an_island_in_it():
    """Even-odd, in any order. The edges of the hole belong to the mask."""
    hole, island = [[2.5, 2.5], [2.5, 5.5], [5.5, 5.5], [5.5, 2.5]], [[3.5, 3.5], [3.5, 4.5], [4.5, 4.5], [4.5, 3.5]]
    outer = [[0.5, 0.5], [0.5, 7.5], [7.5, 7.5], [7.5, 0.5]]
    expected = np.zeros((8, 9), bool)
    expected[1:8, 1:8] = True
    expected[3:6, 3:6] = False
    expected[4, 4] = True
    for order in ([outer, hole, island], [island, outer, hole], [hole, island, outer]):
        drawn, overlap = even_odd([np.array(polygon) for polygon in order], (8, 9))
        assert np.array_equal(drawn, expected)
        assert not overlap


def test_a_keyhole_is_a_hole():
    """One contour that runs to the hole and back along the same line, here between centres and through them."""
    for column in (2.5, 3.0):
        ring = [[1, 1], [1, column], [2.5, column], [2.5, 2.5], [4.5, 2.5], [4.5, 4.5], [2.5, 4.5], [2.5, column]]
        ring += [[1, column], [1, 6], [6, 6], [6, 1]]
        expected = np.zeros((8, 9), bool)
        expected[1:7, 1:7] = True
        expected[3:5, 3:5] = False
        assert np.array_equal(pixels(ring), expected)


def test_what_two_polygons_cover_in_part_is_an_overlap():
    """It is left out, by the even-odd rule. Neighbours and equal squares apart are none."""
    drawn, overlap = even_odd([SQUARE + 0.5, SQUARE + np.array([2.5, 0.5])], (9, 9))
    assert overlap
    assert not drawn[5, 3]
    assert drawn[3, 3]
    assert drawn[7, 3]
    assert not even_odd([SQUARE / 2, SQUARE / 2 + [0, 4]], (9, 9))[1]


def test_a_polygon_beyond_the_image_is_cut_off():
    """On every side."""
    assert pixels([[-3, -3], [-3, 20], [20, 20], [20, -3]]).all()
    for shift in ([-30, 0], [30, 0], [0, -30], [0, 30]):
        assert not pixels(SQUARE + shift).any()


@pytest.mark.parametrize("corners", [[[3, 3]], [[3, 3], [3, 3]], [[3, 2], [3, 4]]])
def test_a_point_or_a_line_is_its_centres(corners):
    """Nothing lies inside."""
    assert pixels(corners).sum() == len({tuple(corner) for corner in corners}) * 2 - 1


def test_many_corners_are_drawn_in_parts(monkeypatch):
    """The same pixels, whatever is held in memory."""
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    circle = np.stack([np.sin(angle), np.cos(angle)], -1) * 20.3 + 25
    expected = pixels(circle, shape=(50, 50))
    rows, columns = np.indices((50, 50)) - 25
    assert np.array_equal(expected, np.hypot(rows, columns) < 20.29)
    monkeypatch.setattr("job.datasets.formats.segments.polygons.AT_ONCE", 100)
    assert np.array_equal(pixels(circle, shape=(50, 50)), expected)
    assert AT_ONCE > 100
