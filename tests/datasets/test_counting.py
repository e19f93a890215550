"""Values are compared and counted as numpy does it, in whatever order they lie in memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from job.datasets import counting
from job.datasets.counting import all_equal, flat_blocks, histogram, varies
from job.datasets.labels import label_counts


@st.composite
def views(draw: st.DrawFn) -> NDArray[np.int32]:
    """Draw an array of up to three axes, turned, exchanged and with gaps."""
    values = draw(arrays.arrays(np.int32, arrays.array_shapes(max_dims=3, max_side=7), elements=st.integers(-3, 300)))
    values = values.transpose(draw(st.permutations(range(values.ndim))))
    return values[tuple(slice(None, None, draw(st.sampled_from([1, -1, 2, -2]))) for _ in values.shape)]


@given(values=views())
def test_labels_are_counted_as_by_numpy(values: NDArray[np.int32]) -> None:
    """Negative ones too."""
    labels, counts = np.unique(values, return_counts=True)
    assert label_counts(values) == dict(zip(labels.tolist(), counts.tolist(), strict=True))


@given(values=views(), block=st.integers(1, 50))
def test_blocks_hold_every_value_once(values: NDArray[np.int32], block: int) -> None:
    """Whatever their size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "BLOCK", block)
        blocks = list(flat_blocks(values))
    assert max(map(len, blocks)) <= block
    assert sorted(np.concatenate(blocks)) == sorted(values.ravel())


def test_a_volume_that_is_stored_in_another_order_is_not_copied() -> None:
    """Its blocks lie in the memory of the volume."""
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4).transpose(2, 0, 1)[::-1, :, ::-1]
    assert all(np.shares_memory(block, values) for block in flat_blocks(values))


@pytest.mark.parametrize("bins", [3, 256, 257, 65536])
def test_a_histogram_has_a_bin_for_every_number(bins: int) -> None:
    """The first and the last among them."""
    values = np.array([[0, bins - 1, bins - 1], [1, 0, 0]], np.int64)
    expected = np.bincount(values.ravel(), minlength=bins)
    assert np.array_equal(histogram(values, bins), expected)


@pytest.mark.parametrize("place", [None, 0, 63, 64, 199])
def test_one_differing_value_is_found_wherever_it_is(place: int | None) -> None:
    """In the rows that are looked at first and behind them; of pixels, in any channel."""
    values = np.full((200, 3, 2), 7, np.uint8)
    values[..., 1] = 9
    assert not all_equal(values)
    grey = values[..., 0].copy()
    if place is not None:
        values[place, 2, 1], grey[place, 2] = 8, 8
    assert varies(values) == varies(grey) == (place is not None)
    assert all_equal(grey) == (place is None)
