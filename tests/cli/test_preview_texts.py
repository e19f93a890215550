"""Figures in a preview are exact, however large."""

import pytest

from job.cli.preview_texts import _spread


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([7, 7], "7"), ([1, 2, 9], "1 / 2 / 9"), ([12_345_678, 12_345_681], "12,345,678 / 12,345,679.5 / 12,345,681")],
)
def test_spread(numbers, text):
    """Minimum, median and maximum; one number if all are equal."""
    assert _spread(numbers) == text
