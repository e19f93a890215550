"""Run-lengths keep every pixel, and are counted without decoding; compared with numpy on masks that are not square."""

import numpy as np
import pytest

from job.results import run_lengths

SHAPES = [(1, 1), (1, 17), (23, 1), (7, 31), (40, 11)]


def random_mask(shape, seed):
    rng = np.random.default_rng(seed)
    return rng.random(shape) < rng.uniform(0.05, 0.95)


def masks_of(shape):
    """Return an empty, a full and three random masks."""
    return [np.zeros(shape, np.bool_), np.ones(shape, np.bool_), *(random_mask(shape, seed) for seed in range(3))]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mask_is_decoded_as_it_was_encoded(shape):
    """Shape, dtype and every pixel are the same."""
    for mask_HW in masks_of(shape):
        decoded_HW = run_lengths.decode(run_lengths.encode(mask_HW), *shape)
        assert decoded_HW.shape == shape
        assert decoded_HW.dtype == np.bool_
        assert np.array_equal(decoded_HW, mask_HW)


def test_a_view_is_encoded_with_its_own_values():
    """Flipped and transposed masks are not contiguous in memory."""
    mask_HW = random_mask((9, 14), 5)
    for view_HW in (mask_HW[::-1], mask_HW[:, ::-1], mask_HW.T, mask_HW[::2, 1::3]):
        assert np.array_equal(run_lengths.decode(run_lengths.encode(view_HW), *view_HW.shape), view_HW)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (["#.", "#.", ".."], "024"),
        (["..", "..", ".#"], "51"),
        (["..", "##", ".."], "1120O"),
    ],
)
def test_runs_go_down_the_columns_and_start_with_zeros(rows, text):
    """A small run is the character of 48 + its length; from the fourth on, 48 + its difference to the last but one.

    So the runs 1, 1, 2, 1, 1 of the third mask are 1, 1, 2, 0 and -1, where -1 is 31 modulo 32: the letter O.
    """
    mask_HW = np.array([[pixel == "#" for pixel in row] for row in rows])
    assert run_lengths.encode(mask_HW) == text


@pytest.mark.parametrize("shape", SHAPES)
def test_intersection_and_union_are_those_of_the_pixels(shape):
    """Every pair of masks, in both orders."""
    masks = masks_of(shape)
    for a_HW in masks:
        for b_HW in masks:
            counts = run_lengths.intersection_and_union(run_lengths.encode(a_HW), run_lengths.encode(b_HW), *shape)
            assert counts == (int((a_HW & b_HW).sum()), int((a_HW | b_HW).sum()))
            assert all(type(count) is int for count in counts)


def test_many_pixels_are_counted():
    """A large mask has more pixels than 16 bits can count."""
    full, half = np.ones((700, 300), np.bool_), np.zeros((700, 300), np.bool_)
    half[:, :150] = True
    counts = run_lengths.intersection_and_union(run_lengths.encode(full), run_lengths.encode(half), 700, 300)
    assert counts == (105_000, 210_000)
