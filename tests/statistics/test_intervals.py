"""Intervals come from a percentile bootstrap that draws the patients of a data set."""

import numpy as np
import pytest

from job.statistics.resampling import draws
from tests.statistics.tables import iou_row, marts, object_row, only, study

IOUS = (0.1, 0.4, 0.5, 0.8, 0.95)


def bounds(row):
    """Return an interval, and nothing else of a row."""
    return row["low"], row["high"]


def clustered(patients):
    """Return rows and objects of (patient, IoU) pairs, one image each."""
    rows = [iou_row(iou=iou, image=str(index)) for index, (_, iou) in enumerate(patients)]
    return rows, [object_row(row, patient=patient) for row, (patient, _) in zip(rows, patients, strict=True)]


def many_patients():
    """Return rows and objects of 30 patients with one to five images."""
    rng, patients = np.random.default_rng(1), []
    for patient in range(30):
        level = rng.uniform(0.2, 0.8)
        patients += [
            (str(patient), float(np.clip(level + rng.normal(0, 0.05), 0, 1))) for _ in range(rng.integers(1, 6))
        ]
    return clustered(patients)


def test_the_interval_draws_patients():
    """Of two patients, a resample is both (mean 0.5) or one twice (0.3 or 0.9), so 0.3 and 0.9 are the bounds."""
    rows, objects = clustered([("a", 0.2), ("a", 0.4), ("b", 0.9)])
    task = only(marts(rows, objects=objects)["task_scores"])
    assert (task["objects"], task["patients"]) == (3, 2)
    assert bounds(task) == pytest.approx((0.3, 0.9))


@pytest.mark.parametrize(("confidence", "low", "high"), [(0.6, 0.2, 0.8), (0.4, 0.5, 0.5)])
def test_the_confidence_leaves_out_half_of_the_rest_at_each_end(confidence, low, high):
    """A quarter of the resamples are 0.2, a half 0.5, a quarter 0.8, so quantile 0.2 is 0.2 and quantile 0.3 is 0.5."""
    rows, objects = clustered([("a", 0.2), ("b", 0.8)])
    tables = marts(rows, objects=objects, of=study(confidence=confidence))
    for name in ("task_scores", "overall_scores"):
        assert bounds(only(tables[name])) == pytest.approx((low, high))


def test_one_patient_has_no_interval():
    """Whatever the number of images: neither the task, nor the row over tasks, nor the correlation with size."""
    rows, objects = clustered([("a", iou) for iou in IOUS])
    for size, described in enumerate(objects, start=1):
        described["object_px"] = size
    tables = marts(rows, objects=objects)
    for name in ("task_scores", "overall_scores", "size_correlation"):
        assert bounds(only(tables[name])) == (None, None)
    assert only(tables["size_correlation"])["rho"] == pytest.approx(1)


def test_a_task_of_one_patient_leaves_the_row_over_tasks_without_an_interval():
    """Though the other task has one."""
    rows, objects = clustered([("a", 0.2), ("b", 0.9)])
    lone = iou_row("lone", 0.5, image="0")
    tables = marts([*rows, lone], objects=[*objects, object_row(lone, patient="a")])
    assert {row["task"]: row["low"] is None for row in tables["task_scores"]} == {"lone": True, "t": False}
    assert only(tables["overall_scores"])["low"] is None


def test_a_data_set_without_scores_changes_no_figure():
    """Its objects are stored, as in an interrupted study; it sorts first, and has patients of its own."""
    rows, objects = many_patients()
    unscored = [object_row(iou_row(dataset="0", image=str(number))) for number in range(3)]
    assert marts(rows, objects=[*unscored, *objects]) == marts(rows, objects=objects)


def test_the_interval_is_that_of_a_plain_cluster_bootstrap():
    """Written out patient by patient, with draws of its own: equal but for chance."""
    rows, objects = many_patients()
    task = only(marts(rows, objects=objects)["task_scores"])
    by_patient = {}
    for row, described in zip(rows, objects, strict=True):
        by_patient.setdefault(described["patient"], []).append(row["iou"])
    groups, rng = list(by_patient.values()), np.random.default_rng(9)
    means = [
        np.mean(np.concatenate([groups[index] for index in rng.integers(0, len(groups), len(groups))]))
        for _ in range(4000)
    ]
    assert bounds(task) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.006)


def test_the_seed_of_the_statistics_decides_the_draws():
    """The same seed gives the same interval, another seed another one."""
    rows, objects = many_patients()
    first, again, other = (
        bounds(only(marts(rows, objects=objects, of=study(seed=seed))["task_scores"])) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def mirrored(**others):
    """Return rows of two tasks, `up` and `down`, whose IoU add up to 1 in every patient. others: of `down`."""
    rows = [iou_row("up", iou, image=str(iou)) for iou in IOUS]
    return rows + [iou_row("down", 1 - iou, image=str(iou), **others) for iou in IOUS]


def test_tasks_of_one_data_set_share_their_draws():
    """Mirrored tasks cancel in every resample, so the mean over tasks never varies."""
    assert bounds(only(marts(mirrored())["overall_scores"])) == pytest.approx((0.5, 0.5))


def test_data_sets_have_draws_of_their_own():
    """Mirrored tasks of two data sets do not cancel, though the data sets have equally many patients."""
    low, high = bounds(only(marts(mirrored(dataset="B"))["overall_scores"]))
    assert low < 0.45
    assert high > 0.55


def test_another_data_set_does_not_change_the_draws():
    """Seeded by the name of the data set, not by its place."""
    rows, objects = clustered([(str(iou), iou) for iou in IOUS])
    other = [iou_row(iou=iou, dataset="0", image=str(iou)) for iou in IOUS]
    alone = only(marts(rows, objects=objects)["task_scores"])
    beside = marts([*other, *rows], objects=[*map(object_row, other), *objects])["task_scores"]
    assert bounds(beside[1]) == pytest.approx(bounds(alone))
    assert beside[0]["low"] != beside[1]["low"]


def test_draws_come_in_blocks_of_bounded_memory():
    """Each resample draws as many patients as there are; the blocks hold all resamples."""
    blocks = list(draws(3_000_000, 3, seed=0, dataset="A"))
    assert [block.shape for block in blocks] == [(1, 3_000_000)] * 3
    assert {block.sum() for block in blocks} == {3_000_000}
