"""The box that a protocol begins with is step 0: it has means, and no part in what is computed from clicks."""

import numpy as np
import pytest

from job.errors import OutputError
from tests.statistics.tables import boundary_rows, click_rows, marts, only, study

IOUS = [0.9, 0.3, 0.5, 0.4, 0.8]
"""Of the box, and of four clicks."""


def box_rows(ious, **others):
    """Return the rows of one trajectory under `cvpr2025`."""
    return click_rows(ious, first_step=0, protocol="cvpr2025", **others)


def means_of(tables, measure):
    """Return the mean of a measure over tasks by step."""
    return {row["step"]: row["mean"] for row in tables["measures_overall"] if row["measure"] == measure}


def test_the_box_has_a_mean_as_every_click():
    """By task, over tasks and in the wide table."""
    tables = marts(box_rows(IOUS))
    for mart, column in (("task_scores", "mean_iou"), ("overall_scores", "mean_iou"), ("clicks_wide", "mean of tasks")):
        assert {row["step"]: row[column] for row in tables[mart]} == dict(enumerate(IOUS))


def test_areas_under_the_curve_are_of_the_clicks_alone():
    """By the mean, and by the trapezoidal rule, of IoU and of Dice."""
    tables, clicks = marts(box_rows(IOUS)), np.array(IOUS[1:])
    assert means_of(tables, "AUC@4") == {4: pytest.approx(clicks.mean())}
    assert means_of(tables, "AUC-trapezoid@4") == {4: pytest.approx(np.trapezoid(clicks) / 3)}
    dice = 2 * clicks / (1 + clicks)
    assert means_of(tables, "dice-AUC-trapezoid@4") == {4: pytest.approx(np.trapezoid(dice) / 3, abs=1e-6)}


def test_the_course_is_that_of_the_clicks():
    """Gain, the first and the best click; more clicks did not make it worse."""
    course = only(row for row in marts(box_rows(IOUS))["clicks_course"] if row["task"] is None)
    assert (course["first_iou"], course["best_click"], course["clicks"], course["worse"]) == (0.3, 4, 4, 0)
    assert course["gain"] == pytest.approx(0.5)


def test_an_object_that_the_box_brings_to_a_level_needs_no_click():
    """0 clicks, 4 clicks, and never within 4."""
    rows = [*box_rows(IOUS, image="a"), *box_rows([0.1, *IOUS[1:]], image="b"), *box_rows([0.1] * 5, image="c")]
    noc = only(row for row in marts(rows)["clicks_needed"] if (row["level"], row["task"]) == (0.8, None))
    assert (noc["noc"], noc["never_reached"], noc["reached_limit"]) == (pytest.approx((0 + 4 + 4) / 3), 1, 2)
    shares = {row["step"]: row["reached"] for row in marts(rows)["cumulative"] if row["level"] == pytest.approx(0.8)}
    assert shares == pytest.approx({0: 1 / 3, 1: 1 / 3, 2: 1 / 3, 3: 1 / 3, 4: 2 / 3})


def test_the_crossing_is_among_the_clicks():
    """The baseline is ahead from the box on; the first of its clicks is the crossing."""
    rows = box_rows([0.1, 0.2, 0.3], model="sam") + box_rows([0.2, 0.3, 0.4], model="med")
    crossing = only(row for row in marts(rows, of=study(compare=("sam", "med")))["crossing"] if row["task"] is None)
    assert (crossing["crossing"], crossing["clicks"]) == (1, 2)


def test_models_are_compared_at_the_box_too_but_tested_at_clicks():
    """The difference of the box has an interval and no p."""
    rows = [
        row
        for number, image in enumerate("abcdefgh")
        for model, gain in (("sam", 0.01 * number), ("med", 0.0))
        for row in box_rows([0.5 + gain, 0.6 + gain, 0.7 + gain], model=model, image=image)
    ]
    compared = marts(rows, of=study(compare=("sam", "med")))["comparison_overall"]
    by_step = {row["step"]: row for row in compared if row["kind"] == "compare"}
    assert by_step[0]["mean_difference"] == pytest.approx(0.035)
    assert [by_step[step]["p"] is None for step in (0, 1, 2)] == [True, False, False]
    assert by_step[0]["low"] > 0


def test_the_regret_of_scores_is_that_of_the_box():
    """It has the three candidates; later masks are of the single-mask token."""
    rows = box_rows([0.9, 0.1], choice="oracle") + box_rows([0.7, 0.2], choice="score")
    regret = only(row for row in marts(rows)["comparison_overall"] if row["kind"] == "regret")
    assert (regret["step"], regret["baseline_step"], regret["mean_difference"]) == (0, 0, pytest.approx(0.2))


def test_the_area_of_a_metric_known_at_every_click_is_of_the_clicks():
    """With the difference of two models; a distance has none, as it lacks values of empty masks."""
    nsd = {"sam": [1.0, 0.2, 0.4, 0.9], "med": [0.0, 0.1, 0.1, 0.5]}
    rows = {model: box_rows([0.5] * 4, model=model) for model in nsd}
    boundary = [row for model in nsd for row in boundary_rows(rows[model], nsd[model], "NSD 2 mm", "share", True)]
    boundary += boundary_rows(rows["sam"], [1.0] * 4)
    tables = marts([*rows["sam"], *rows["med"]], boundary=boundary, of=study(compare=("sam", "med")))
    areas = {model: np.trapezoid(of_steps[1:]) / 2 for model, of_steps in nsd.items()}
    found = [row for row in tables["measures_by_task"] if row["measure"] == "NSD 2 mm AUC-trapezoid@3"]
    assert {row["model"]: row["mean"] for row in found} == pytest.approx(areas)
    difference = only(row for row in tables["differences_by_task"] if row["measure"] == "NSD 2 mm AUC-trapezoid@3")
    assert difference["mean_difference"] == pytest.approx(areas["sam"] - areas["med"])
    described = {row["measure"]: row for row in tables["measures"]}
    assert described["NSD 2 mm AUC-trapezoid@3"]["higher_is_better"]
    assert not [name for name in described if name.startswith("HD95") and "AUC" in name]


def test_a_metric_of_the_first_and_the_last_click_has_no_area():
    """Two of three clicks are no curve."""
    rows = box_rows([0.5] * 4)
    boundary = boundary_rows([rows[1], rows[3]], [0.2, 0.4], "NSD 2 mm", "share", True)
    assert not [row for row in marts(rows, boundary=boundary)["measures"] if "NSD 2 mm AUC" in row["measure"]]


def test_a_trajectory_without_its_box_is_incomplete():
    """Others of its run have one."""
    rows = [*box_rows([0.5] * 3, image="a"), *box_rows([0.5] * 3, image="b")[1:]]
    with pytest.raises(OutputError, match="trajectories are complete"):
        marts(rows)
