"""From label map to a task's object."""

import numpy as np
import pytest

from job.datasets.labels import check_labels, objects
from job.errors import DataError
from job.study.dataset import Task

LABELS = np.array([[0, 1, 2, 4, 255]], np.uint8)


@pytest.mark.parametrize(
    ("label", "truth"),
    [(1, [0, 1, 0, 0, 0]), ((1, 4), [0, 1, 0, 1, 0]), ("any", [0, 1, 1, 1, 1]), (3, [0, 0, 0, 0, 0])],
)
def test_label_rules(label: object, truth: list[int]) -> None:
    """One value, several, or everything above 0; labels that no task names are normal."""
    found, labelled = objects(LABELS, Task.model_validate({"label": label}), "values")
    assert found.tolist() == [[bool(value) for value in truth]]
    assert labelled.tolist() == [[False, True, True, True, True]]
    assert found.dtype == labelled.dtype == bool


@pytest.mark.parametrize("label", [1, "any"])
def test_binary255_counts_255_alone_and_as_1(label: object) -> None:
    """Masks that were divided by 255 and truncated."""
    found, labelled = objects(LABELS, Task.model_validate({"label": label}), "binary255")
    assert found.tolist() == labelled.tolist() == [[False, False, False, False, True]]


def test_above_is_strict_and_labels_what_it_takes() -> None:
    """127 is not above 127, NaN is above nothing; labelled is the truth."""
    values = np.array([[0, 127, 127.5, np.nan]])
    found, labelled = objects(values, Task(above=127), "values")
    assert found.tolist() == labelled.tolist() == [[False, False, True, False]]


def test_float_labels_that_are_whole_pass() -> None:
    """Many tools store labels as floats."""
    check_labels(np.array([0.0, 1.0, 4.0]))
    assert objects(np.array([[0.0, 4.0]]), Task(label=4), "values")[0].tolist() == [[False, True]]


@pytest.mark.parametrize("strange", [0.5, np.nan, np.inf])
def test_label_maps_hold_whole_numbers(strange: float) -> None:
    """A probability map needs a threshold, and the text says so."""
    with pytest.raises(DataError, match="above: threshold"):
        check_labels(np.array([0.0, strange]))
