"""Figures in a preview are exact, however large."""

import pytest

from job.cli.preview_texts import _origin, _spread
from tests.datasets.make import dataset


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([7, 7], "7"), ([1, 2, 9], "1 / 2 / 9"), ([12_345_678, 12_345_681], "12,345,678 / 12,345,679.5 / 12,345,681")],
)
def test_spread(numbers, text):
    """Minimum, median and maximum; one number if all are equal."""
    assert _spread(numbers) == text


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (0, "the default: the spec states no `intensity`"),
        (1, "the default where the spec states no `intensity`"),
        (3, ""),
    ],
)
def test_a_rule_that_the_spec_does_not_state_is_told(tmp_path, own, said):
    """Of three channels, some may have a rule of their own."""
    rule = {"intensity": {"window": "lung"}}
    colours = {colour: rule if place < own else "{image}" for place, colour in enumerate(("red", "green", "blue"))}
    data = dataset(tmp_path, channels=colours)
    stated = data.model_dump(exclude_unset=True, exclude={"intensity"})
    assert _origin(type(data).model_validate(stated, strict=False)).removeprefix(", ") == said
