"""Means by task and over tasks, on tables that can be worked out by hand, and on the published figures."""

import csv
import random
from collections import defaultdict

import pytest

from tests.shared import SHARED, needs_shared
from tests.statistics.tables import marts, row

PUBLISHED_OVERALL = {  # the overall means that the study's tables give, to 4 decimals
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
    """Three images: 0.2, 0.4 and 0.9."""
    found = marts([row("t", value, image=str(value)) for value in (0.2, 0.4, 0.9)])
    (task,) = found["task_scores"]
    assert task["objects"] == 3
    assert task["mean_iou"] == pytest.approx(0.5)


def test_overall_is_the_plain_mean_of_task_scores():
    """A task of three images weighs as much as a task of one."""
    rows = [row("many", iou, image=name) for iou, name in ((0.0, "a"), (0.0, "b"), (0.3, "c"))] + [row("one", 0.9)]
    (overall,) = marts(rows)["overall_scores"]
    assert overall["tasks"] == 2
    assert overall["objects"] == 4
    assert overall["mean_iou"] == pytest.approx((0.1 + 0.9) / 2)


def test_tasks_of_one_name_in_two_data_sets_are_two_tasks():
    """CT-Liver's liver is not CT-Organ's."""
    rows = [row("liver", 0.2, dataset="A"), row("liver", 0.8, dataset="B")]
    assert [task["mean_iou"] for task in marts(rows)["task_scores"]] == [0.2, 0.8]


def test_no_figure_changes_with_the_order_of_rows():
    """Sums are exact decimals: equal to the last bit."""
    rng = random.Random(0)
    rows = [row(f"t{n % 3}", rng.random(), image=str(n)) for n in range(2000)]
    shuffled = rng.sample(rows, len(rows))
    assert marts(rows) == marts(shuffled)


def test_the_ledger_counts_by_data_set_kind_and_reason():
    """With an example of each."""
    line = {"dataset": "A", "image": "a", "axis": "none", "slice": 0, "task": "t", "kind": "empty",
            "reason": "no object", "detail": "the labels here are 0"}  # fmt: skip
    (found,) = marts([row("t", 0.5)], excluded=[line, line | {"image": "b"}])["ledger"]
    assert (found["kind"], found["reason"], found["lines"]) == ("empty", "no object", 2)


def test_no_rows_give_empty_marts():
    """And no error; the models are those of the spec."""
    assert {name for name, rows in marts([]).items() if rows} == {"models"}


@pytest.fixture(scope="module")
def published():
    """The published per-task means as if each were one image's score."""
    with (SHARED / "paper/published_iou.csv").open() as file:
        return [
            row(
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
def test_the_published_task_scores_give_the_published_overall_scores_of_the_modes(published):
    """To 4 decimals, over 28 tasks."""
    overall = [one for one in marts(published)["overall_scores"] if one["protocol"] == "modes"]
    assert {one["tasks"] for one in overall} == {28}
    found = {(one["prompt"], one["mask_choice"]): round(one["mean_iou"], 4) for one in overall}
    assert found == PUBLISHED_OVERALL


@needs_shared
def test_the_published_task_scores_give_the_published_overall_scores_of_the_clicks(published):
    """To 4 decimals, for SAM and RITM, 1 to 9 clicks."""
    found = defaultdict(list)
    for one in marts(published)["overall_scores"]:
        if one["protocol"] == "clicks":
            found[one["model"], one["mask_choice"]].append(round(one["mean_iou"], 4))
    assert {run: found[run] for run in PUBLISHED_CLICKS} == PUBLISHED_CLICKS
