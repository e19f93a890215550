"""The columns of a task's row beside its mean, by hand or by numpy."""

import numpy as np
import pytest

from tests.statistics.tables import click_rows, iou_row, marts, object_row, only, study

IOUS = (0.1, 0.4, 0.5, 0.8, 0.95)


def images(ious, **others):
    """Return rows of one image for each IoU."""
    return [iou_row(iou=iou, image=str(index), **others) for index, iou in enumerate(ious)]


def test_spread_and_quartiles_are_numpys():
    """Standard deviation with n - 1; linear quartiles."""
    task = only(marts(images(IOUS))["task_scores"])
    assert task["sd_iou"] == pytest.approx(np.std(IOUS, ddof=1))
    quartiles = [task[name] for name in ("min_iou", "q1_iou", "median_iou", "q3_iou", "max_iou")]
    assert quartiles == pytest.approx(np.quantile(IOUS, [0, 0.25, 0.5, 0.75, 1]))


def test_one_object_has_no_spread():
    """Null, not 0."""
    assert only(marts([iou_row()])["task_scores"])["sd_iou"] is None


def test_failures_are_below_one_half():
    """0.5 itself is no failure."""
    assert only(marts(images(IOUS))["task_scores"])["failures"] == pytest.approx(2 / 5)


def test_dice_stands_beside_iou():
    """2 I / (1 + I) for one object."""
    assert only(marts([iou_row(iou=0.5)])["task_scores"])["mean_dice"] == pytest.approx(2 / 3)


def test_cluster_names_what_the_bootstrap_draws():
    """Patients if the spec names them, else images."""
    rows = images(IOUS)
    assert only(marts(rows)["task_scores"])["cluster"] == "patient"
    assert only(marts(rows, of=study(patient="null"))["task_scores"])["cluster"] == "image"


@pytest.mark.parametrize(("patients", "few"), [(9, True), (10, False)])
def test_fewer_than_ten_patients_are_few(patients, few):
    """In a task's row, and in the row over tasks if one of its tasks has few; images do not count."""
    rows = [*images([0.5] * 20, task="t"), *images([0.5] * 20, task="plenty")]
    objects = [
        object_row(row, patient=row["image"] if row["task"] == "plenty" else str(int(row["image"]) % patients))
        for row in rows
    ]
    tables = marts(rows, objects=objects)
    assert {row["task"]: row["few_patients"] for row in tables["task_scores"]} == {"plenty": False, "t": few}
    assert only(tables["overall_scores"])["few_patients"] is few


def test_the_published_shape_has_a_column_for_each_task():
    """Rows are modes, or clicks."""
    rows = [iou_row("liver", 0.25), iou_row("spleen", 0.75), *click_rows([0.5, 0.6], task="liver")]
    tables = marts(rows)
    assert only(tables["modes_wide"]) == {
        "model": "m", "mask_choice": "first", "prompt": "whole_box", "seed": 0, "A: liver": 0.25, "A: spleen": 0.75,
    }  # fmt: skip
    assert tables["clicks_wide"] == [
        {"model": "m", "protocol": "ritm", "mask_choice": "score", "seed": 0, "step": step, "A: liver": iou}
        for step, iou in ((1, 0.5), (2, 0.6))
    ]
