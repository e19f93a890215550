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
    """Patients if the spec names them, else images, or volumes."""
    rows = images(IOUS)
    assert only(marts(rows)["task_scores"])["cluster"] == "patient"
    assert only(marts(rows, of=study(patient="null"))["task_scores"])["cluster"] == "image"
    slices = [{**row, "axis": "axial", "slice": place} for place, row in enumerate(rows)]
    tables = marts(slices, objects=map(object_row, slices), of=study(patient="null"))
    assert only(tables["task_scores"])["cluster"] == only(tables["overall_scores"])["cluster"] == "volume"


def test_clusters_are_counted_as_they_are():
    """Nine patients with the object, however many images; over tasks, all patients of both."""
    rows = [*images([0.5] * 20, task="t"), *images([0.5] * 20, task="plenty")]
    objects = [
        object_row(row, patient=row["image"] if row["task"] == "plenty" else str(int(row["image"]) % 9)) for row in rows
    ]
    tables = marts(rows, objects=objects)
    assert {row["task"]: row["clusters"] for row in tables["task_scores"]} == {"plenty": 20, "t": 9}
    assert only(tables["overall_scores"])["clusters"] == 20


def test_the_published_shape_has_a_column_for_each_task_and_their_mean():
    """Rows are modes, or clicks."""
    rows = [iou_row("liver", 0.25), iou_row("spleen", 0.75), *click_rows([0.5, 0.6], task="liver")]
    tables = marts(rows)
    assert only(tables["modes_wide"]) == {
        "model": "m", "mask_choice": "first", "prompt": "whole_box", "seed": 0, "source": "here",
        "A: liver": 0.25, "A: spleen": 0.75, "mean of tasks": 0.5,
    }  # fmt: skip
    assert tables["clicks_wide"] == [
        {"model": "m", "protocol": "ritm", "mask_choice": "score", "seed": 0, "step": step, "source": "here",
         "A: liver": iou, "mean of tasks": iou}
        for step, iou in ((1, 0.5), (2, 0.6))
    ]  # fmt: skip


@pytest.mark.parametrize(
    "tasks",
    [[("A", "b: c"), ("A: b", "c")], [("CT", "Liver"), ("CT", "liver"), ("CT", "liver (2)")]],
    ids=["colon", "case"],
)
def test_no_task_is_lost_in_the_published_shape(tasks):
    """Names that are equal when joined, or to SQL, which ignores case."""
    rows = [iou_row(task, (1 + place) / 10, dataset=dataset) for place, (dataset, task) in enumerate(tasks)]
    wide = only(marts(rows)["modes_wide"])
    assert sorted(value for name, value in wide.items() if ": " in name) == [(1 + k) / 10 for k in range(len(tasks))]


def test_volumes_are_scored_by_the_pixels_of_their_slices_together():
    """Slices of 10 / 100 and 90 / 100 pixels have IoU 100 / 200 together; slices of 30 / 60 and 0 / 40, 30 / 100."""
    counts = {"v": [(10, 100), (90, 100)], "w": [(30, 60), (0, 40)]}
    rows, objects = [], []
    for volume, slices in counts.items():
        for place, (intersection, union) in enumerate(slices):
            row = iou_row(image=volume) | {"axis": "axial", "slice": place, "iou": intersection / union}
            rows.append(row | {"intersection_px": intersection, "union_px": union})
            objects.append(object_row(row) | {"volume": volume})
    means = {row["measure"]: row for row in marts(rows, objects=objects)["measures_by_task"]}
    assert means["volume-iou"]["mean"] == pytest.approx((0.5 + 0.3) / 2)
    assert means["volume-dice"]["mean"] == pytest.approx((200 / 300 + 60 / 130) / 2)
    assert means["volume-iou"]["objects"] == 2


def test_patients_weigh_equally_at_the_level_of_patients():
    """Two images of 0.2 and 0.4, one of 0.9: (0.3 + 0.9) / 2."""
    rows = images([0.2, 0.4, 0.9])
    objects = [object_row(row, patient="a" if row["image"] in "01" else "b") for row in rows]
    means = {row["measure"]: row for row in marts(rows, objects=objects)["measures_by_task"]}
    assert (means["patient-iou"]["mean"], means["patient-iou"]["objects"]) == (pytest.approx(0.6), 2)


def test_sensitivity_and_precision_come_from_pixel_counts():
    """30 of 40 object pixels; a prediction of 50 pixels, and an empty one that has no precision: union 60 and 40."""
    some = iou_row(image="a") | {"iou": 0.5, "intersection_px": 30, "union_px": 60}
    none = iou_row(image="b") | {"iou": 0.0, "intersection_px": 0, "union_px": 40}
    objects = [object_row(row, object_px=40) for row in (some, none)]
    means = {row["measure"]: row for row in marts([some, none], objects=objects)["measures_by_task"]}
    assert means["sensitivity"]["mean"] == pytest.approx((30 / 40 + 0) / 2)
    assert (means["precision"]["mean"], means["precision"]["objects"]) == (pytest.approx(30 / 50), 1)


def test_a_trajectory_that_stopped_at_its_target_counts_for_the_number_of_clicks_alone():
    """Means by click, the area and the gain are unknown; the number of clicks to 0.8 is not."""
    rows = click_rows([0.4, 0.9, 0.9], image="stops") + click_rows([0.2, 0.3, 0.4], image="goes on")
    for row in rows[1:3]:
        row["status"] = "target"
    tables = marts(rows)
    for name in ("task_scores", "overall_scores"):
        assert {row["step"]: row["mean_iou"] for row in tables[name]} == {1: pytest.approx(0.3), 2: None, 3: None}
    measures = {row["measure"] for row in tables["measures_by_task"] if row["step"] == 3}
    assert measures == {f"{name}3@{level}" for name in ("NoC", "never-reached", "reached-limit") for level in (80, 90)}
    assert {row["noc"] for row in tables["clicks_needed"] if row["level"] == 0.8} == {2.5}
