"""Means by task and over tasks: on tables small enough for hand calculation, and on the published figures."""

import csv
import random
from collections import defaultdict

import pytest

from tests.shared import SHARED, needs_shared
from tests.statistics.tables import iou_row, marts, object_row, only

PUBLISHED_OVERALL = {  # the overall means in the study's tables, to 4 decimals
    ("mode1", "first"): 0.4610, ("mode1", "oracle"): 0.5150,
    ("mode2", "first"): 0.4826, ("mode2", "oracle"): 0.5141,
    ("mode3", "first"): 0.5891, ("mode3", "oracle"): 0.6771,
    ("mode4", "first"): 0.6542, ("mode4", "oracle"): 0.7438,
    ("mode5", "first"): 0.5829, ("mode5", "oracle"): 0.6791,
}  # fmt: skip
PUBLISHED_CLICKS = {
    ("sam_vit_h", "first"): [0.4595, 0.5396, 0.5669, 0.5846, 0.5969, 0.6049, 0.6095, 0.6115, 0.6112],
    ("sam_vit_h", "oracle"): [0.5080, 0.5530, 0.5815, 0.6021, 0.6180, 0.6285, 0.6349, 0.6399, 0.6424],
    ("ritm_h32", "single"): [0.1322, 0.3034, 0.4538, 0.5399, 0.5962, 0.6320, 0.6565, 0.6753, 0.6875],
}


def test_a_task_score_is_the_mean_over_its_images():
    """Three images: 0.2, 0.4 and 0.900001, which counts to the last of its decimals."""
    task = only(marts([iou_row("t", iou, image=str(iou)) for iou in (0.2, 0.4, 0.900001)])["task_scores"])
    assert task["objects"] == 3
    assert task["mean_iou"] == pytest.approx(1.500001 / 3, rel=1e-12)


def test_the_overall_score_is_the_plain_mean_of_the_task_scores():
    """A task of three images weighs as much as a task of one image."""
    rows = [iou_row("many", iou, image=name) for iou, name in ((0.0, "a"), (0.0, "b"), (0.3, "c"))]
    overall = only(marts([*rows, iou_row("single", 0.9)])["overall_scores"])
    assert overall["tasks"] == 2
    assert overall["objects"] == 4
    assert overall["mean_iou"] == pytest.approx((0.1 + 0.9) / 2)


def test_tasks_of_one_name_in_two_data_sets_are_two_tasks():
    """CT-Liver's liver is not CT-Organ's."""
    rows = [iou_row("liver", 0.2, dataset="A"), iou_row("liver", 0.8, dataset="B")]
    assert [task["mean_iou"] for task in marts(rows)["task_scores"]] == [0.2, 0.8]


def test_no_figure_changes_with_the_order_of_rows():
    """Sums are exact decimals, so figures are equal to the last bit."""
    rng = random.Random(0)
    rows = [iou_row(f"t{n % 3}", rng.random(), image=str(n)) for n in range(2000)]
    shuffled = rng.sample(rows, len(rows))
    assert marts(rows) == marts(shuffled)


def test_modalities_weigh_their_tasks_equally():
    """CT: task means 0.3 (two images) and 0.9 (one image). MRI: one task of another data set."""
    rows = [iou_row("a", 0.2, image="1"), iou_row("a", 0.4, image="2"), iou_row("b", 0.9)]
    other = iou_row("a", 0.7, dataset="B")
    objects = [*map(object_row, rows), object_row(other, modality="MRI")]
    modalities = {row["modality"]: row for row in marts([*rows, other], objects=objects)["by_modality"]}
    assert {name: row["mean_iou"] for name, row in modalities.items()} == pytest.approx({"CT": 0.6, "MRI": 0.7})
    assert (modalities["CT"]["tasks"], modalities["CT"]["objects"]) == (2, 3)


def test_the_ledger_counts_lines_by_data_set_kind_and_reason():
    """Lines that agree in all three are one row, with the detail of one of them."""
    line = {"dataset": "A", "image": "a", "axis": "none", "slice": 0, "task": "t", "kind": "empty",
            "reason": "no object", "detail": "the labels here are 0"}  # fmt: skip
    changes = ({}, {"image": "b"}, {"kind": "error"}, {"reason": "no patient"}, {"dataset": "B"})
    rows = marts([iou_row()], excluded=[line | change for change in changes])["ledger"]
    assert [(row["dataset"], row["kind"], row["reason"], row["lines"]) for row in rows] == [
        ("A", "empty", "no object", 2), ("A", "empty", "no patient", 1), ("A", "error", "no object", 1),
        ("B", "empty", "no object", 1),
    ]  # fmt: skip
    assert rows[0]["example"] == "the labels here are 0"


def test_without_rows_the_marts_are_empty():
    """No error is raised, and the mart of models still lists those of the spec."""
    assert {name for name, rows in marts([]).items() if rows} == {"models"}


@pytest.fixture(scope="module")
def published_rows():
    """The published task means, as if each were the score of one image."""
    with (SHARED / "paper/published_iou.csv").open() as file:
        return [
            iou_row(
                entry["task"],
                float(entry["mean_iou"]),
                model=entry["model"],
                prompt=entry["prompt"],
                protocol=entry["experiment"],
                choice=entry["mask_choice"],
                step=int(entry["clicks"] or 1),
            )
            for entry in csv.DictReader(file)
        ]


@needs_shared
def test_the_published_task_scores_yield_the_published_overall_scores_of_the_modes(published_rows):
    """To 4 decimals, over 28 tasks."""
    overall = [row for row in marts(published_rows)["overall_scores"] if row["protocol"] == "modes"]
    assert {row["tasks"] for row in overall} == {28}
    means = {(row["prompt"], row["mask_choice"]): round(row["mean_iou"], 4) for row in overall}
    assert means == PUBLISHED_OVERALL


@needs_shared
def test_the_published_task_scores_yield_the_published_overall_scores_of_the_clicks(published_rows):
    """To 4 decimals, for SAM and RITM, 1 to 9 clicks."""
    means = defaultdict(list)
    for row in marts(published_rows)["overall_scores"]:
        if row["protocol"] == "clicks":
            means[row["model"], row["mask_choice"]].append(round(row["mean_iou"], 4))
    assert {run: means[run] for run in PUBLISHED_CLICKS} == PUBLISHED_CLICKS
