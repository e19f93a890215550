"""Limits on sizes: each holds up to its last allowed value."""

import pytest

from job.datasets.sizes import as_text, check_plane, check_same, check_volume
from job.errors import DataError


def reason(check: object, *arguments: object) -> str:
    with pytest.raises(DataError) as caught:
        check(*arguments)
    return caught.value.reason


def test_an_image_has_at_most_the_allowed_number_of_pixels() -> None:
    """4 x 6 pixels pass a limit of 24, not of 23."""
    check_plane(4, 6, max_px=24)
    assert reason(check_plane, 4, 6, 23) == "too large"


@pytest.mark.parametrize("size", [(1, 200), (200, 1), (3, 600)])
def test_an_image_is_at_most_200_times_as_long_as_wide(size: tuple[int, int]) -> None:
    """A ratio of 200 passes, one more pixel does not, whichever side is longer."""
    height, width = size
    check_plane(height, width, max_px=10**6)
    longer = (height + 1, width) if height > width else (height, width + 1)
    assert reason(check_plane, *longer, 10**6) == "too narrow"


def test_a_volume_has_at_most_ten_times_as_many_voxels() -> None:
    """3 x 4 x 5 voxels pass a limit of 6 pixels, not of 5."""
    check_volume((3, 4, 5), max_px=6)
    assert reason(check_volume, (3, 4, 5), 5) == "too large"


def test_image_and_mask_have_one_size() -> None:
    """4 x 6 is not 6 x 4."""
    check_same((4, 6), (4, 6))
    assert reason(check_same, (4, 6), (6, 4)) == "size mismatch"


def test_a_size_as_text() -> None:
    """Lengths in their order, separated by x."""
    assert as_text((4, 5, 6)) == "4 x 5 x 6"
