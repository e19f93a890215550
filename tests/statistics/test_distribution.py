"""What the report draws of the spread of IoU, and says of the objects: by numpy, or by hand."""

import numpy as np
import pytest

from job.study import loads
from tests.statistics.tables import click_rows, iou_row, marts, object_row, only

SPEC = """
study: s
datasets: [{name: A, modality: CT, images: x/*.png, masks: y, published_as: CT-Organ, tasks: {Liver: 1, unknown: 2}}]
models: [{name: m, family: lite_medsam, published: sam_vit_h}]
prompts: [{modes: [whole_box]}]
"""
IOUS = (0.05, 0.1, 0.4, 0.5, 0.55, 0.8, 0.95)


def images(ious, **others):
    """Return rows of one image for each IoU."""
    return [iou_row(iou=iou, image=str(index), **others) for index, iou in enumerate(ious)]


def test_quantiles_are_numpys():
    """Linear between objects, as the quartiles of task_scores, which stand beside them."""
    tables = marts(images(IOUS))
    row = only(tables["iou_distribution"])
    names = ("p05_iou", "q1_iou", "median_iou", "q3_iou", "p95_iou")
    assert [row[name] for name in names] == pytest.approx(np.quantile(IOUS, [0.05, 0.25, 0.5, 0.75, 0.95]))
    scores = only(tables["task_scores"])
    for name in ("objects", "mean_iou", "low", "high", "q1_iou", "failures"):
        assert row[name] == scores[name]


def test_the_distribution_is_of_modes_and_tested_clicks():
    """The first and the last of four, unless the spec names others."""
    rows = [row for image in "abc" for row in click_rows([0.1, 0.3, 0.6, 0.7], image=image)]
    assert [row["step"] for row in marts(rows)["iou_distribution"]] == [1, 4]


def test_a_click_after_a_target_has_no_distribution():
    """What was not clicked any more is no score."""
    rows = click_rows([0.1, 0.9, 0.9])
    rows[-1]["status"] = rows[-2]["status"] = "target"
    assert [row["step"] for row in marts(rows)["iou_distribution"]] == [1]


def test_the_published_mean_stands_beside_its_task():
    """Under the data set's own name; null for a task that was not published."""
    of = loads(SPEC).study
    rows = [*images([0.5], task="Liver"), *images([0.5], task="unknown")]
    for row in rows:
        row["mask_choice"] = "oracle"
    tables = marts(rows, of=of)
    found = {row["task"]: row["published_iou"] for row in tables["iou_distribution"]}
    assert found == {"Liver": only(tables["against_published"])["published_iou"], "unknown": None}
    assert found["Liver"] > 0


def test_the_objects_of_a_task_are_counted():
    """Three objects in three slices of two patients, one of two components; shares of 10,000 pixels."""
    rows = images([0.1, 0.2, 0.3])
    objects = [
        object_row(row, patient=patient, object_px=px, components=components)
        for row, patient, px, components in zip(rows, "aab", (100, 200, 900), (1, 2, 1), strict=True)
    ]
    row = only(marts(rows, objects=objects)["task_objects"])
    assert (row["objects"], row["images"], row["clusters"], row["cluster"]) == (3, 3, 2, "patient")
    assert row["modality"] == "CT"
    assert row["several_components"] == pytest.approx(1 / 3)
    assert row["median_share"] == pytest.approx(0.02)


def test_two_models_do_not_double_the_objects():
    """Objects are of the images, not of the runs."""
    rows = [*images(IOUS), *images(IOUS, model="other")]
    objects = [object_row(row) for row in rows[: len(IOUS)]]
    assert only(marts(rows, objects=objects)["task_objects"])["objects"] == len(IOUS)
