"""From a label map to a task's object."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from job.datasets.labels import as_labels, label_counts, label_doubts, objects, one_channel
from job.errors import DataError
from job.study.task import Task

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


def test_labels_of_0_and_below_that_tasks_name_are_classes() -> None:
    """So the published rule clicks positively inside them (REFUGE: 0 is the cup, 255 the background)."""
    values = np.array([[0, 128, 255, -3]], np.int16)
    truth, labelled = objects(values, Task(label=0), "values", frozenset({0, 128}))
    assert truth.tolist() == [[True, False, False, False]]
    assert labelled.tolist() == [[True, True, True, False]]


def test_whole_float_labels_are_taken_as_they_are() -> None:
    """Many tools store labels as floats."""
    values, doubts = as_labels(np.array([0.0, 1.0, 4.0]))
    assert (values.tolist(), doubts) == ([0.0, 1.0, 4.0], ())


def test_labels_that_scaling_moved_are_rounded_with_a_doubt() -> None:
    """2.0000001 is 2: within 1e-6 of it. The doubt names the largest distance."""
    values, (doubt,) = as_labels(np.array([0.0, 1 - 2**-24, 2 + 2**-22]))
    assert values.tolist() == [0.0, 1.0, 2.0]
    assert (doubt.reason, doubt.detail) == ("labels rounded", f"labels lie up to {2**-22!r} from whole numbers")


def test_half_a_step_of_the_header_is_rounded_too() -> None:
    """Integers stored with slope 0.001 read as up to 0.0005 beside their label; 0.0006 is too far."""
    assert as_labels(np.array([2.0004]), step=0.001)[0].tolist() == [2.0]
    with pytest.raises(DataError, match=r"found 2\.0006"):
        as_labels(np.array([2.0006]), step=0.001)


@pytest.mark.parametrize("value", [0.5, 2.00001, np.nan, np.inf])
def test_a_label_map_holds_whole_numbers(value: float) -> None:
    """A probability map needs a threshold; the message says so, with every digit of the value."""
    with pytest.raises(DataError, match=f"found {value!r}.*above: threshold") as caught:
        as_labels(np.array([0.0, value, 1.0]))
    assert caught.value.reason == "labels are not whole numbers"


def doubts(values: NDArray[Any], label: object = "any", rule: str = "values", named: tuple[int, ...] = ()) -> list[str]:
    task = Task.model_validate({"label": label})
    return [doubt.reason for doubt in label_doubts(label_counts(values), frozenset(named), task, rule)]


def test_a_smoothed_binary_mask_is_doubted() -> None:
    """Greys beside 0 and 255, as of JPEG or resizing; three are enough."""
    smoothed = np.array([[0, 0, 12, 130, 250, 255, 255]], np.uint8)
    assert doubts(smoothed) == ["grey values in a label map"]
    assert doubts(smoothed, 1, "binary255") == ["grey values in a label map"]
    assert doubts(smoothed[:, :5]) == []


def test_maps_of_labels_are_not_doubted() -> None:
    """Nor 0/255, 0 to 5, nothing at all, labels far above 255, or greys that tasks name."""
    for values in ([0, 255], [0, 1, 2, 3, 4, 5], [0, 0], [0, 1, 2, 3, 1000], [0, 128, 255]):
        assert doubts(np.array([values], np.int32)) == []
    assert doubts(np.array([[0, 60, 120, 180, 240]]), 60, named=(60, 120, 180, 240)) == []


@pytest.mark.parametrize(
    ("values", "label", "rule"), [([0, 1], 255, "values"), ([0, 255], 1, "values"), ([0, 1], "any", "binary255")]
)
def test_a_map_of_0_and_1_beside_maps_of_0_and_255_is_doubted(values: list[int], label: object, rule: str) -> None:
    """Its object would count as absent, without an error."""
    named = (label,) if isinstance(label, int) else ()
    assert doubts(np.array([values]), label, rule, named) == ["another label"]


def test_the_labels_of_a_volume_are_counted_over_all_slices() -> None:
    """XYZ; a negative label counts too."""
    volume = np.zeros((2, 3, 4), np.int16)
    volume[0, 0], volume[1, 1, 1], volume[1, 2, 3] = [0, 10, 200, 255], 100, -1
    volume[1, 0] = 255
    assert doubts(volume) == ["grey values in a label map"]


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
