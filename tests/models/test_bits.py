"""Masks as bits agree with NumPy's bits and NumPy's counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from job.models import bits

SHAPES = [(1, 1), (3, 5), (16, 16), (33, 7), (1, 64), (5, 13), (1, 65)]
"""Fewer pixels than a word, whole words, and one more."""


def random_masks(*shape: int) -> NDArray[np.bool_]:
    return np.random.default_rng(len(shape)).random(shape) > 0.5


@pytest.mark.parametrize("shape", SHAPES)
def test_bits_are_packed_as_numpy_packs_them(shape: tuple[int, int]) -> None:
    """With zeros up to a whole word of 64 pixels."""
    masks_NHW = random_masks(4, *shape)
    packed_NB = bits.pack(torch.from_numpy(masks_NHW).flatten(1)).numpy()
    for mask_HW, packed_B in zip(masks_NHW, packed_NB, strict=True):
        expected = np.packbits(mask_HW)
        assert np.array_equal(packed_B[: len(expected)], expected)
        assert not packed_B[len(expected) :].any()
        assert len(packed_B) == bits.packed_bytes(mask_HW.size)
        assert np.array_equal(bits.pack_array(mask_HW), packed_B)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_row_of_bits_becomes_a_mask_again(shape: tuple[int, int]) -> None:
    """Bool, at its size."""
    mask_HW = random_masks(*shape)
    unpacked_HW = bits.unpack_array(bits.pack_array(mask_HW), *shape)
    assert unpacked_HW.dtype == np.bool_
    assert np.array_equal(unpacked_HW, mask_HW)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_pixels_are_counted(shape: tuple[int, int], share: float) -> None:
    """Also of full words, whose highest bit is the sign of an integer."""
    masks_NHW = np.random.default_rng(1).random((3, 2, *shape)) < share
    counts = bits.count(bits.pack(torch.from_numpy(masks_NHW).flatten(2)))
    assert np.array_equal(counts.numpy(), masks_NHW.sum(axis=(2, 3)))


@pytest.mark.parametrize("shape", [(4, 6), (1, 6), (4, 1), (1, 1)])
def test_an_array_may_have_any_strides(shape: tuple[int, int]) -> None:
    """A flipped and transposed view is packed with its own values, also along an axis of length 1."""
    mask_HW = random_masks(*shape)[::-1, ::-1].T
    assert np.array_equal(bits.unpack_array(bits.pack_array(mask_HW), *mask_HW.shape), mask_HW)
