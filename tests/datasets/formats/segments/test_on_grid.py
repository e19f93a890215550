"""A smaller volume on the grid of an image: whole voxels, flips and transposes, or an error that says how far off."""

import numpy as np
import pytest

from job.datasets.formats.segments.on_grid import place
from job.errors import DataError
from tests.datasets.formats.phantom import CODES, SHAPE, affine, grid, phantom, stored


def put(values, placed, onto):
    mask = np.zeros(onto.shape_XYZ, bool)
    place(values.shape, placed, onto).add(values, mask)
    return mask


@pytest.mark.parametrize("codes", CODES)
def test_a_part_of_the_volume_comes_back_in_every_order(codes):
    """The box around the first label, stored in each of 48 orders; nibabel states its affine."""
    whole, placed = stored(phantom() == 1, codes)
    held = np.argwhere(whole)
    low, high = held.min(axis=0), held.max(axis=0) + 1
    placed[:3, 3] += placed[:3, :3] @ low
    part = whole[tuple(slice(start, end) for start, end in zip(low, high, strict=True))]
    assert np.array_equal(put(part, placed, grid()), phantom() == 1)


@pytest.mark.parametrize("axis", range(3))
def test_the_direction_of_an_axis_of_one_has_no_effect(axis):
    """A frame has a place, but no extent, along its normal."""
    values = np.ones([1 if n == axis else length for n, length in enumerate(SHAPE)], bool)
    placed = affine()
    placed[:3, axis] = np.roll(placed[:3, axis], 1) * 9
    assert put(values, placed, grid()).sum() == values.size


@pytest.mark.parametrize(("shift", "accepted"), [(0.0, True), (0.09, True), (0.11, False), (0.5, False), (0.95, True)])
def test_rounding_is_accepted_to_a_tenth_of_a_voxel(shift, accepted):
    """Along the third axis, whose voxels are the longest. 0.95 is 0.05 from the next voxel."""
    values = (phantom() > 0)[..., :4]
    placed = affine()
    placed[2, 3] += shift * 3.0
    if not accepted:
        with pytest.raises(DataError, match="voxels beside") as caught:
            put(values, placed, grid())
        assert caught.value.reason == "affines differ"
        return
    expected = np.zeros(SHAPE, bool)
    expected[..., round(shift) : round(shift) + 4] = values
    assert np.array_equal(put(values, placed, grid()), expected)


def test_the_distance_is_stated():
    """Voxels 10% too long are 0.1 x 11 voxels off at the far end of 12."""
    placed = affine() @ np.diag([1.1, 1, 1, 1])
    with pytest.raises(DataError, match=r"up to 1\.1 voxels"):
        put(np.ones(SHAPE, bool), placed, grid())


def test_turned_and_broken_affines_are_refused():
    """By 10 degrees; by numbers that are none."""
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.17), -np.sin(0.17)], [np.sin(0.17), np.cos(0.17)]]
    for placed in (affine() @ turn, np.full((4, 4), np.nan), np.full((4, 4), np.inf), np.zeros((4, 4))):
        with pytest.raises(DataError, match="voxels beside"):
            put(np.ones(SHAPE, bool), placed, grid())


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("by", [-1, 1])
def test_voxels_beyond_the_image_are_refused(axis, by):
    """Even by one, and even if they are empty."""
    placed = affine()
    placed[:3, 3] += by * placed[:3, axis]
    with pytest.raises(DataError) as caught:
        put(np.zeros(SHAPE, bool), placed, grid())
    assert caught.value.reason == "beyond the image"
    assert f"{'XYZ'[axis]} {by} to {by + SHAPE[axis] - 1}" in caught.value.detail
