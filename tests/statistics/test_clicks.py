"""The marts about clicks: how many reach an IoU, the course of the mean, and where the baseline passes the model."""

import pytest

from tests.statistics.tables import click_rows, iou_row, marts, study


def test_the_number_of_clicks_counts_to_the_first_that_reaches_the_level():
    """A failure counts as the limit; so does success on the last click, as in the literature."""
    rows = [
        *click_rows([0.5, 0.8, 0.7], image="early"),
        *click_rows([0.5, 0.6, 0.8], image="last"),
        *click_rows([0.1, 0.2, 0.3], image="never"),
    ]
    noc = {(row["level"], row["task"]): row for row in marts(rows)["clicks_needed"]}
    task = noc[0.8, "t"]
    assert task["noc"] == pytest.approx((2 + 3 + 3) / 3)
    assert (task["clicks"], task["objects"], task["reached_limit"], task["never_reached"]) == (3, 3, 2, 1)
    assert noc[0.8, None]["noc"] == pytest.approx(task["noc"])
    assert noc[0.9, "t"]["never_reached"] == 3


def test_a_level_is_reached_by_its_own_value():
    """0.9 is not below 0.9."""
    assert marts(click_rows([0.9]))["clicks_needed"][-1]["never_reached"] == 0


def test_the_course_of_the_clicks_is_summed_up():
    """Area under the curve, gain, whether more clicks made it worse, and the best click."""
    courses = {row["task"]: row for row in marts(click_rows([0.4, 0.9, 0.2]))["clicks_course"]}
    for course in (courses["t"], courses[None]):
        assert course["auc"] == pytest.approx(0.5)
        assert (course["first_iou"], course["last_iou"]) == (0.4, 0.2)
        assert course["gain"] == pytest.approx(-0.2)
        assert (course["clicks"], course["worse"], course["best_click"]) == (3, True, 2)


def test_of_equally_good_clicks_the_earliest_is_the_best():
    """Clicks 2 and 3 are equal."""
    assert {row["best_click"] for row in marts(click_rows([0.4, 0.9, 0.9]))["clicks_course"]} == {2}


def test_modes_are_no_clicks():
    """They have no row in the marts about clicks."""
    tables = marts([iou_row()])
    assert tables["clicks_needed"] == tables["clicks_course"] == tables["clicks_wide"] == []


@pytest.mark.parametrize(
    ("sam", "ritm", "crossing"),
    [
        ([0.5, 0.5, 0.5], [0.4, 0.6, 0.7], 2),
        ([0.5, 0.5, 0.5], [0.6, 0.4, 0.7], 3),
        ([0.5, 0.5, 0.5], [0.6, 0.6, 0.6], 1),
        ([0.5, 0.5, 0.5], [0.4, 0.6, 0.5], None),
    ],
    ids=["overtakes", "falls back once", "from the start", "a tie at the end"],
)
def test_the_crossing_is_the_click_from_which_the_baseline_stays_ahead(sam, ritm, crossing):
    """Up to the last click."""
    rows = click_rows(sam, model="sam") + click_rows(ritm, model="ritm")
    crossings = {
        row["task"]: (row["crossing"], row["clicks"])
        for row in marts(rows, of=study(compare=("sam", "ritm")))["crossing"]
    }
    assert crossings == {None: (crossing, 3), "t": (crossing, 3)}
