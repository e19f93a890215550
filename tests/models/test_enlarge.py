"""Enlarging on a device gives Pillow's pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from job.models.enlarge import enlarge

sides = st.integers(1, 200)


def expected(image_HWC: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return what Pillow makes of an image."""
    return np.asarray(Image.fromarray(image_HWC).resize((width, height), Image.Resampling.BILINEAR))


@given(before=st.tuples(sides, sides), by=st.tuples(sides, sides), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_pixels_are_those_of_pillow(before: tuple[int, int], by: tuple[int, int], seed: int) -> None:
    """For any two sizes, of which one is nowhere smaller than the other."""
    after = before[0] + by[0], before[1] + by[1]
    image_HWC = np.random.default_rng(seed).integers(0, 256, (*before, 3), np.uint8)
    resized_NHWC = enlarge(torch.from_numpy(image_HWC)[None], *after)
    assert np.array_equal(resized_NHWC[0].numpy(), expected(image_HWC, *after))


@pytest.mark.parametrize("size", [(256, 256), (181, 217), (512, 640), (1024, 700), (1, 900)])
@pytest.mark.parametrize("values", ["random", "black", "white", "stripes"])
def test_pixels_are_those_of_pillow_at_the_sizes_of_images(size: tuple[int, int], values: str) -> None:
    """Each is resized to a longest side of 1,024, also where all pixels are 255 and nothing may overflow."""
    rows = np.arange(size[0])[:, None, None] % 2 * 255
    images = {
        "random": np.random.default_rng(1).integers(0, 256, (*size, 3)),
        "black": 0,
        "white": 255,
        "stripes": rows,
    }
    image_HWC = np.broadcast_to(images[values], (*size, 3)).astype(np.uint8)
    height, width = (max(1, round(side * 1024 / max(size))) for side in size)
    resized_NHWC = enlarge(torch.from_numpy(image_HWC.copy())[None], height, width)
    assert np.array_equal(resized_NHWC[0].numpy(), expected(image_HWC, height, width))


def test_images_are_enlarged_together_as_alone() -> None:
    """Two images of one size."""
    images_NHWC = torch.from_numpy(np.random.default_rng(2).integers(0, 256, (2, 50, 40, 3), np.uint8))
    assert torch.equal(enlarge(images_NHWC, 90, 70), torch.cat([enlarge(image[None], 90, 70) for image in images_NHWC]))


def test_what_would_shrink_is_refused() -> None:
    """Because Pillow's order of rows and columns is not known."""
    with pytest.raises(ValueError, match="not enlarged"):
        enlarge(torch.zeros((1, 8, 8, 3), dtype=torch.uint8), 9, 7)
