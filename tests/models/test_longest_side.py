"""Sizes and coordinates on SAM's input are those of its authors' own class, to the last bit."""

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from segment_anything.utils.transforms import ResizeLongestSide

from job.models.longest_side import LongestSide

SIDES = st.sampled_from([64, 256, 1024])
PX = st.integers(1, 5000)


@given(side=SIDES, height=PX, width=PX)
def test_the_size_is_that_of_the_authors(side, height, width):
    """Half a pixel is rounded up."""
    assert LongestSide(side).size(height, width) == ResizeLongestSide.get_preprocess_shape(height, width, side)


@given(side=SIDES, height=PX, width=PX, seed=st.integers(0, 9))
def test_coordinates_are_those_of_the_authors(side, height, width, seed):
    """Of whole pixels and of parts of them."""
    rng = np.random.default_rng(seed)
    for coords in (rng.integers(0, 5000, (7, 2)), rng.uniform(0, 5000, (7, 2)).astype(np.float32)):
        found = LongestSide(side).coords(coords, (height, width))
        expected = ResizeLongestSide(side).apply_coords(coords, (height, width))
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_lite_medsam_needs_neither_torchvision_nor_the_compiler():
    """Its import would take seconds longer."""
    program = (
        "import sys, job.models.lite_medsam; sys.exit('torchvision' in sys.modules or 'torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
