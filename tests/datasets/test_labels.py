"""From a label map to a task's object."""

import numpy as np
import pytest

from job.datasets.labels import check_labels, objects, one_channel
from job.errors import DataError
from job.study.dataset import Task

LABELS = np.array([[0, 1, 2, 4, 254, 255]], np.uint8)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (1, [0, 1, 0, 0, 0, 0]),
        (255, [0, 0, 0, 0, 0, 1]),
        ((1, 4), [0, 1, 0, 1, 0, 0]),
        ("any", [0, 1, 1, 1, 1, 1]),
        (3, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_label_rules(label: object, expected: list[int]) -> None:
    """Truth is one value, several, or everything above 0; labelled is everything above 0."""
    truth, labelled = objects(LABELS, Task.model_validate({"label": label}), "values")
    assert truth.tolist() == [[bool(value) for value in expected]]
    assert labelled.tolist() == [[False, True, True, True, True, True]]
    assert truth.dtype == labelled.dtype == bool


def test_negative_labels_are_neither_truth_nor_labelled() -> None:
    """`any` is above 0, not other than 0."""
    truth, labelled = objects(np.array([[-1, 0, 2]], np.int16), Task(label="any"), "values")
    assert truth.tolist() == labelled.tolist() == [[False, False, True]]


@pytest.mark.parametrize("label", [1, "any"])
def test_binary255_counts_255_alone_as_1(label: object) -> None:
    """254, 4, 2 and 1 count as 0."""
    truth, labelled = objects(LABELS, Task.model_validate({"label": label}), "binary255")
    assert truth.tolist() == labelled.tolist() == [[False, False, False, False, False, True]]


def test_binary255_knows_no_other_label_than_1() -> None:
    """255 itself is read as 1, so label 255 never occurs."""
    truth, _ = objects(LABELS, Task(label=255), "binary255")
    assert not truth.any()


def test_above_is_strict_and_its_truth_is_labelled() -> None:
    """127 is not above 127, NaN is above nothing."""
    values = np.array([[0, 127, 127.5, np.nan]])
    truth, labelled = objects(values, Task(above=127), "values")
    assert truth.tolist() == labelled.tolist() == [[False, False, True, False]]


def test_above_does_not_depend_on_binary255() -> None:
    """A threshold applies to the values as they are."""
    truth, _ = objects(LABELS, Task(above=3), "binary255")
    assert truth.tolist() == [[False, False, False, True, True, True]]


def test_whole_float_labels_pass() -> None:
    """Many tools store labels as floats."""
    check_labels(np.array([0.0, 1.0, 4.0]))
    assert objects(np.array([[0.0, 4.0]]), Task(label=4), "values")[0].tolist() == [[False, True]]


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf])
def test_a_label_map_holds_whole_numbers(value: float) -> None:
    """A probability map needs a threshold, and the message says so."""
    with pytest.raises(DataError, match=f"found {value:g}.*above: threshold") as caught:
        check_labels(np.array([0.0, value, 1.0]))
    assert caught.value.reason == "labels are not whole numbers"


def test_equal_channels_are_one_map() -> None:
    """A label map saved as RGB is still a label map; HxW stays as it is."""
    assert np.array_equal(one_channel(LABELS), LABELS)
    assert np.array_equal(one_channel(np.dstack([LABELS] * 3)), LABELS)


@pytest.mark.parametrize("channel", [1, 2])
def test_a_colour_mask_is_refused(channel: int) -> None:
    """The message names the first pixel whose channels differ, whichever channel it is."""
    rgb = np.ones((3, 4, 3), np.uint8)
    rgb[2, 1, channel] = 9
    channels = ["1", "1", "1"]
    channels[channel] = "9"
    with pytest.raises(DataError, match=f"row 2, column 1 the channels are {', '.join(channels)}") as caught:
        one_channel(rgb)
    assert caught.value.reason == "colour mask"
