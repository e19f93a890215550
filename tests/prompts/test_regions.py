"""Depths, components and boxes of any region equal those of whole-image transforms and of brute force."""

import tracemalloc

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import cdist

from job.prompts.boxes import tight_box
from job.prompts.draw import Draw
from job.prompts.regions import chamfer_depths, components, count_components, largest_component, squared_depths

regions = arrays.arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))


@given(regions)
@settings(deadline=None)
def test_chamfer_depths_are_those_of_the_whole_image(region):
    """Transforming only the box of the region changes no bit of OpenCV's distances."""
    padded = np.pad(region.astype(np.uint8), 1)
    assert (
        chamfer_depths(region).framed(region.shape) == cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    ).all()


@given(regions)
@settings(deadline=None)
def test_squared_depths_are_exact(region):
    """The distance of each pixel to every pixel outside, including the ring beyond the edge."""
    padded = np.pad(region, 1)
    inside, outside = np.argwhere(padded), np.argwhere(~padded)
    expected = np.zeros(padded.shape, np.int64)
    if len(inside):
        expected[tuple(inside.T)] = cdist(inside, outside, "sqeuclidean").min(axis=1)
    assert (squared_depths(region).framed(region.shape) == expected[1:-1, 1:-1]).all()


def test_squared_depths_of_a_large_image_are_exact():
    """The middle of 2,401 x 2,401 px is 1,201 px from the outside; OpenCV's float rounds the square of that wrongly."""
    depths = squared_depths(np.ones((2401, 2401), np.bool_)).box_hw
    assert depths.max() == depths[1200, 1200] == 1201**2


@given(regions)
@settings(deadline=None)
def test_components_cover_the_mask_once_from_large_to_small(region):
    """Every pixel of the mask is in exactly one component."""
    largest_first = components(region)
    assert count_components(region) == len(largest_first)
    assert (sum((component.astype(int) for component in largest_first), np.zeros(region.shape, int)) == region).all()
    areas = [component.sum() for component in largest_first]
    assert areas == sorted(areas, reverse=True)


def test_of_equal_components_the_later_in_row_major_order_comes_first():
    """As in the published code, which sorts row-major labels."""
    first, second = components(np.array([[1, 0, 1]], np.bool_))
    assert (first.tolist(), second.tolist()) == ([[False, False, True]], [[True, False, False]])


@given(regions, st.integers(0, 4))
@settings(deadline=None)
def test_the_first_components_are_the_head_of_all(region, most):
    """In the same order."""
    assert np.array_equal(components(region, most), components(region)[:most])


def test_only_the_requested_components_are_built():
    """Three of 4,096 specks take a small fraction of the memory of 4,096 masks."""
    specks = np.zeros((256, 256), np.bool_)
    specks[::4, ::4] = True
    tracemalloc.start()
    largest_first = components(specks, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [np.argwhere(component).tolist() for component in largest_first] == [
        [[252, 252]],
        [[252, 248]],
        [[252, 244]],
    ]
    assert peak < 4096 * specks.nbytes / 50


def test_depths_have_the_types_of_their_units():
    """Pixels are float32, and squared pixels are integers, so that they are compared exactly."""
    region = np.ones((3, 4), np.bool_)
    assert chamfer_depths(region).box_hw.dtype == np.float32
    assert squared_depths(region).box_hw.dtype == np.int32


def test_diagonal_neighbours_are_one_component():
    """A pixel has eight neighbours, not four."""
    assert count_components(np.eye(4, dtype=np.bool_)) == 1


@given(regions.filter(lambda region: region.any()))
@settings(deadline=None)
def test_a_tight_box_holds_the_mask_and_touches_it_on_every_side(region):
    """Its indices are inclusive."""
    x0, y0, x1, y1 = tight_box(region)
    inner = region[y0 : y1 + 1, x0 : x1 + 1]
    assert inner.sum() == region.sum()
    assert all(side.any() for side in (inner[0], inner[-1], inner[:, 0], inner[:, -1]))


def test_a_draw_depends_only_on_seed_object_and_step():
    """A thousand steps choose each of four pixels about equally often."""
    draw = Draw(seed=1, image="a", slice=2, task="t")
    same = Draw(seed=1, image="a", slice=2, task="t")
    drawn = [draw.below(4, step=step) for step in range(1000)]
    assert drawn == [same.below(4, step=step) for step in range(1000)]
    assert min(np.bincount(drawn)) > 200
    others = [Draw(seed=2, image="a", slice=2, task="t"), Draw(seed=1, image="b", slice=2, task="t"),
              Draw(seed=1, image="a", slice=3, task="t"), Draw(seed=1, image="a", slice=2, task="u")]  # fmt: skip
    assert all(drawn != [other.below(4, step=step) for step in range(1000)] for other in others)


def test_the_largest_component_of_an_empty_mask_is_empty():
    """Of its size and type."""
    nothing = largest_component(np.zeros((3, 5), np.bool_))
    assert (nothing.shape, nothing.dtype, nothing.any()) == ((3, 5), np.bool_, False)
