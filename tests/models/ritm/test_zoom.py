"""The size of the network's input, computed by hand."""

import pytest

from job.models.click_based.roi import Roi
from job.models.ritm.zoom import network_size


@pytest.mark.parametrize(
    ("roi", "size"),
    [
        (Roi(0, 199, 0, 99), (400, 200)),
        (Roi(0, 187, 0, 164), (400, 351)),
        (Roi(0, 164, 0, 187), (351, 400)),
        (Roi(0, 999, 0, 0), (400, 1)),
        (Roi(5, 5, 10, 1009), (1, 400)),
    ],
)
def test_the_longer_side_becomes_400(roi, size):
    """The other side is rounded, and is at least 1."""
    assert network_size(roi) == size
