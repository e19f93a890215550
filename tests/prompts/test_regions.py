"""Depths, components and boxes of any region, against whole-image transforms and brute force."""

import tracemalloc

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import cdist

from job.prompts.draw import Draw
from job.prompts.regions import chamfer_depths, components, count_components, squared_depths, tight_box

regions = arrays.arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))


@given(regions)
@settings(deadline=None)
def test_chamfer_depths_are_those_of_the_whole_image(region):
    """Looking at the region's box alone changes no bit of OpenCV's distances."""
    padded = np.pad(region.astype(np.uint8), 1)
    assert (chamfer_depths(region) == cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]).all()


@given(regions)
@settings(deadline=None)
def test_squared_depths_are_exact(region):
    """Each pixel against every pixel outside, the ring beyond the edge included."""
    padded = np.pad(region, 1)
    inside, outside = np.argwhere(padded), np.argwhere(~padded)
    expected = np.zeros(padded.shape, np.int64)
    if len(inside):
        expected[tuple(inside.T)] = cdist(inside, outside, "sqeuclidean").min(axis=1)
    assert (squared_depths(region) == expected[1:-1, 1:-1]).all()


def test_squared_depths_of_a_large_image_are_exact():
    """Where OpenCV's float would round wrongly: the middle of a square of 2,401 px is 1,201 px from the outside."""
    depths = squared_depths(np.ones((2401, 2401), np.bool_))
    assert depths.max() == depths[1200, 1200] == 1201**2


@given(regions)
@settings(deadline=None)
def test_parts_cover_the_mask_once_from_large_to_small(region):
    """Nothing is lost and nothing doubled."""
    found = components(region)
    assert count_components(region) == len(found)
    assert (sum(component.astype(int) for component in found) == region).all() if found else not region.any()
    areas = [component.sum() for component in found]
    assert areas == sorted(areas, reverse=True)


def test_of_equal_parts_the_later_comes_first():
    """As a row-major labelling numbers them."""
    first, second = components(np.array([[1, 0, 1]], np.bool_))
    assert (first.tolist(), second.tolist()) == ([[False, False, True]], [[True, False, False]])


@given(regions, st.integers(0, 4))
@settings(deadline=None)
def test_the_first_parts_are_the_head_of_all(region, most):
    """In the same order."""
    assert np.array_equal(components(region, most), components(region)[:most])


def test_of_many_parts_only_those_asked_for_are_built():
    """Three of 4,096 specks take a small component of the memory of a mask for each."""
    specks = np.zeros((256, 256), np.bool_)
    specks[::4, ::4] = True
    tracemalloc.start()
    found = components(specks, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [np.argwhere(component).tolist() for component in found] == [[[252, 252]], [[252, 248]], [[252, 244]]]
    assert peak < 4096 * specks.nbytes / 50


def test_diagonal_neighbours_are_one_part():
    """Eight neighbours, not four."""
    assert count_components(np.eye(4, dtype=np.bool_)) == 1


@given(regions.filter(lambda region: region.any()))
@settings(deadline=None)
def test_a_tight_box_holds_the_mask_and_touches_it_on_every_side(region):
    """Inclusive indices."""
    x0, y0, x1, y1 = tight_box(region)
    inner = region[y0 : y1 + 1, x0 : x1 + 1]
    assert inner.sum() == region.sum()
    assert all(side.any() for side in (inner[0], inner[-1], inner[:, 0], inner[:, -1]))


def test_a_draw_depends_on_object_and_step_alone():
    """And is about even: a thousand steps over four equals."""
    draw = Draw(seed=1, image="a", slice=2, task="t")
    same = Draw(seed=1, image="a", slice=2, task="t")
    drawn = [draw.below(4, step=step) for step in range(1000)]
    assert drawn == [same.below(4, step=step) for step in range(1000)]
    assert min(np.bincount(drawn)) > 200
    others = [Draw(seed=2, image="a", slice=2, task="t"), Draw(seed=1, image="b", slice=2, task="t"),
              Draw(seed=1, image="a", slice=3, task="t"), Draw(seed=1, image="a", slice=2, task="u")]  # fmt: skip
    assert all(drawn != [other.below(4, step=step) for step in range(1000)] for other in others)
