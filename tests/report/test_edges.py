"""Outlines of masks follow the edges of pixels."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from job.report import edges as module
from job.report.edges import outlines, path

MASKS = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def filled(text: str, shape: tuple[int, int]) -> np.ndarray:
    """Fill a path by the even-odd rule: a pixel is inside if an odd number of vertical sides lies to its left."""
    crossings = np.zeros((shape[0], shape[1] + 1), int)
    for x, y, sides in re.findall(r"M(\d+) (\d+)([^z]*)z", text):
        start_x, start_y = at_x, at_y = int(x), int(y)
        for letter, length in re.findall(r"([hv])(-?\d+)", sides):
            to_y = at_y + int(length) if letter == "v" else at_y
            crossings[min(at_y, to_y) : max(at_y, to_y), at_x] += 1
            at_x, at_y = (at_x + int(length), at_y) if letter == "h" else (at_x, to_y)
        crossings[min(at_y, start_y) : max(at_y, start_y), start_x] += 1
        assert at_x == start_x or at_y == start_y
    return np.cumsum(crossings, axis=1)[:, : shape[1]] % 2 == 1


@given(MASKS)
def test_a_filled_path_is_the_mask(mask):
    """Of any shape: holes, pixels that touch by a corner, the image's border."""
    assert np.array_equal(filled(path(mask), mask.shape), mask)


@given(MASKS)
def test_all_sides_are_horizontal_or_vertical(mask):
    """The closing one, too."""
    for polygon in outlines(mask):
        sides = np.diff(np.vstack([polygon, polygon[:1]]), axis=0)
        assert ((sides == 0).sum(axis=1) == 1).all()


def test_a_rectangle_has_four_corners():
    """Three columns from 2, two rows from 1."""
    mask = np.zeros((5, 7), bool)
    mask[1:3, 2:5] = True
    (polygon,) = outlines(mask)
    assert {tuple(corner) for corner in polygon.tolist()} == {(2, 1), (5, 1), (5, 3), (2, 3)}
    assert len(polygon) == 4


@pytest.mark.parametrize("shape", [(1, 1), (4, 6)])
def test_an_empty_mask_has_no_outline(shape):
    """It is no fault."""
    assert path(np.zeros(shape, bool)) == ""


def test_the_outlines_of_a_very_large_mask_run_through_the_middle_of_its_pixels(monkeypatch):
    """For the sake of memory."""
    monkeypatch.setattr(module, "LARGEST_FINER", 2)
    mask = np.zeros((5, 7), bool)
    mask[1:3, 2:5] = True
    (polygon,) = outlines(mask)
    assert {tuple(corner) for corner in polygon.tolist()} == {(2.5, 1.5), (4.5, 1.5), (4.5, 2.5), (2.5, 2.5)}
