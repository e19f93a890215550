"""A metric of the masks reaches means, intervals and differences as IoU does."""

import pytest

from tests.statistics.tables import boundary_rows, iou_row, marts, only, study


def test_a_metric_has_a_mean_over_the_objects_that_have_a_value():
    """1 mm, 4 mm, and an empty prediction, which has no distance."""
    rows = [iou_row(image=image) for image in "abc"]
    tables = marts(rows, boundary=boundary_rows(rows, [1.0, 4.0, None]))
    (row,) = [row for row in tables["measures_by_task"] if row["measure"] == "HD95 mm"]
    assert (row["objects"], row["mean"], row["low"]) == (2, pytest.approx(2.5), None)
    (described,) = [row for row in tables["measures"] if row["measure"] == "HD95 mm"]
    assert (described["unit"], described["higher_is_better"]) == ("mm", False)


def test_a_metric_of_five_patients_has_an_interval():
    """By task and over tasks; of a constant, without width."""
    rows = [iou_row(image=image) for image in "abcde"]
    tables = marts(rows, boundary=boundary_rows(rows, [3.0] * 5))
    for name in ("measures_by_task", "measures_overall"):
        row = only(row for row in tables[name] if row["measure"] == "HD95 mm")
        assert (row["low"], row["high"], row["clusters"]) == (3, 3, 5)


def test_a_metric_is_compared_on_the_objects_of_which_both_have_a_value():
    """5 - 1, and an object of which the baseline has none."""
    ours, theirs = ([iou_row(image=image, model=model) for image in "ab"] for model in ("sam", "ritm"))
    boundary = boundary_rows(ours, [5.0, 9.0]) + boundary_rows(theirs, [1.0, None])
    tables = marts([*ours, *theirs], boundary=boundary, of=study(compare=("sam", "ritm")))
    row = only(row for row in tables["differences_by_task"] if row["measure"] == "HD95 mm")
    assert (row["objects"], row["mean_difference"]) == (1, pytest.approx(4))


def test_every_measure_is_described():
    """Each mean has a row with its unit and direction."""
    rows = [iou_row(), iou_row(image="b") | {"predicted_iou": 0.5}]
    tables = marts(rows, boundary=boundary_rows(rows[:1], [0.5], "NSD 2 px", "share", True))
    assert {row["measure"] for row in tables["measures"]} == {row["measure"] for row in tables["measures_by_task"]}
