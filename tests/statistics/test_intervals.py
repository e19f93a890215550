"""Intervals come from a bootstrap that draws the patients of a data set."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from job.statistics.resampling import Interval, Spread, draws, interval
from tests.statistics.recomputed.bootstrap import score_end
from tests.statistics.tables import click_rows, iou_row, marts, object_row, only, study

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


def gains(rows, objects, name, **settings):
    """Return the row of the gain from click 1, which finds nothing, to click 2, which has the IoU of `rows`."""
    clicks = [row for scored in rows for row in click_rows([0.0, scored["iou"]], image=scored["image"])]
    return only(row for row in marts(clicks, objects=objects, **settings)[name] if row["measure"] == "gain@2")


def written_out(groups, resamples, confidence=0.95):
    """Return the bootstrap-t interval of a gain, from the drawn patients of each resample.

    groups: of each patient, its images. A resample states a variance as the sample does, at least a P-th of the
    sample's. P is the effective number of patients.
    """
    sizes = np.array([len(group) for group in groups])
    patients = sizes.sum() ** 2 / (sizes**2).sum()

    def mean_and_variance(drawn):
        mean = np.mean(np.concatenate(drawn))
        residuals = np.array([np.sum(group) - len(group) * mean for group in drawn])
        return mean, patients / (patients - 1) * np.sum(residuals**2) / sum(map(len, drawn)) ** 2

    mean, variance = mean_and_variance(groups)
    found = np.array([mean_and_variance([groups[index] for index in drawn]) for drawn in resamples])
    studentised = (found[:, 0] - mean) / np.sqrt(np.maximum(found[:, 1], variance / patients))
    tail, student = (1 + confidence) / 2, stats.t.ppf((1 + confidence) / 2, patients - 1)
    reaches = [max(student, np.quantile(sign * studentised, tail)) for sign in (1, -1)]
    return [score_end(mean, np.sqrt(variance), reach, -1, 1) for reach in (reaches[0], -reaches[1])]


@pytest.mark.parametrize("confidence", [0.5, 0.8])
def test_the_interval_is_the_bootstrap_t_interval(confidence):
    """Of all 3,125 resamples of five patients, one of whom has two images. Far from the ends, chance is small."""
    rows, objects = clustered([("a", 0.8), ("a", 0.9), ("b", 0.1), ("c", 0.8), ("d", 0.7), ("e", 0.9)])
    groups = [(0.8, 0.9), (0.1,), (0.8,), (0.7,), (0.9,)]
    expected = written_out(groups, product(range(5), repeat=5), confidence)
    for name in ("measures_by_task", "measures_overall"):
        row = gains(rows, objects, name, of=study(confidence=confidence))
        assert (row["objects"], row["clusters"]) == (6, 5)
        assert bounds(row) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("patients", "has_interval"), [(4, False), (5, True)])
def test_four_patients_have_no_interval(patients, has_interval):
    """Whatever the number of images: neither the task, nor the row over tasks, nor the correlation with size."""
    rows, objects = clustered([(str(place % patients), iou) for place, iou in enumerate(IOUS + IOUS)])
    for size, described in enumerate(objects, start=1):
        described["object_px"] = size
    tables = marts(rows, objects=objects)
    correlations = tables["size_correlation"]
    for row in (only(tables["task_scores"]), only(tables["overall_scores"]), *correlations):
        assert row["clusters"] == patients
        assert (row["low"] is not None, row["high"] is not None) == (has_interval, has_interval)
    assert all(row["rho"] is not None for row in correlations)


def test_a_task_of_few_patients_leaves_the_interval_over_tasks_to_the_others_and_is_named():
    """The mean is over both tasks, the interval that of the other one."""
    rows, objects = many_patients()
    lone = iou_row("lone", 0.5, image="0")
    tables = marts([*rows, lone], objects=[*objects, object_row(lone, patient="0")])
    task = {row["task"]: row for row in tables["task_scores"]}
    overall = only(tables["overall_scores"])
    assert task["lone"]["low"] is None
    assert overall["mean_iou"] == pytest.approx((0.5 + task["t"]["mean_iou"]) / 2)
    assert (overall["few_tasks"], overall["interval_tasks"]) == ("A: lone", 1)
    assert (overall["interval_iou"], *bounds(overall)) == pytest.approx((task["t"]["mean_iou"], *bounds(task["t"])))


def test_no_interval_stands_beside_a_mean_that_it_does_not_belong_to():
    """Over tasks, of which one has a single patient: clicks needed, their course, and the correlation with size."""
    rows = [row for place in range(6) for row in click_rows([0.1 * place, 0.9 - 0.1 * place], image=str(place))]
    rows += click_rows([0.2, 0.8], task="rare", image="0")
    objects = [object_row(row, object_px=10 + int(row["image"])) for row in rows if row["step"] == 1]
    tables = marts(rows, objects=objects)
    for name, bound in (("clicks_needed", "low"), ("clicks_course", "auc_low"), ("size_correlation", "low")):
        for row in tables[name]:
            assert (row[bound] is not None) is (row["task"] == "t" or (row["task"] is None and row.get("tasks") == 1))


def test_resamples_that_lack_a_task_are_counted():
    """Five of 60 patients have the object: none is drawn with a probability of (55/60)**60, in about 54 of 10,000."""
    rows = [iou_row(image=str(patient)) for patient in range(60)]
    rows += [iou_row("rare", 0.5, image=str(patient)) for patient in range(5)]
    task = {row["task"]: row for row in marts(rows)["task_scores"]}
    assert (task["t"]["lost_resamples"], task["rare"]["low"]) == (0, 0.5)
    assert task["rare"]["lost_resamples"] == pytest.approx(10_000 * (55 / 60) ** 60, abs=4 * 54**0.5)


def test_there_is_no_interval_where_more_than_a_tenth_of_the_resamples_are_lost():
    """Two of ten and one of nine are more, one of ten is not."""
    lost = np.full(10, 0.5)
    lost[:2] = np.nan
    assert interval(lost, Spread.of(5), 0.95) == Interval(low=None, high=None, lost_resamples=2)
    assert interval(lost[1:], Spread.of(5), 0.95).low is None
    assert interval(np.append(lost[1:], 0.5), Spread.of(5), 0.95).low == 0.5


def test_a_data_set_without_scores_changes_no_figure():
    """Its objects are stored, as in an interrupted study; it sorts first, and has patients of its own."""
    rows, objects = many_patients()
    unscored = [object_row(iou_row(dataset="0", image=str(number))) for number in range(3)]
    both, scored = dict(marts(rows, objects=[*unscored, *objects])), dict(marts(rows, objects=objects))
    assert len(both.pop("task_objects")) == 1 + len(scored.pop("task_objects"))  # which counts what is stored
    assert both == scored


def test_the_interval_is_that_of_a_cluster_bootstrap_written_out():
    """Patient by patient, with draws of its own: equal but for chance."""
    rows, objects = many_patients()
    task = gains(rows, objects, "measures_by_task")
    by_patient = {}
    for row, described in zip(rows, objects, strict=True):
        by_patient.setdefault(described["patient"], []).append(row["iou"])
    groups, rng = list(by_patient.values()), np.random.default_rng(9)
    resamples = rng.integers(0, len(groups), (4000, len(groups)))
    assert bounds(task) == pytest.approx(written_out(groups, resamples), abs=0.008)


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


def test_data_sets_that_share_patients_share_their_draws():
    """Mirrored tasks of two data sets cancel in every resample, and their patients are counted once."""
    of = study(datasets=("A", "B"))
    shared = of.datasets[1].model_copy(update={"patients_of": "A"})
    row = only(
        marts(mirrored(dataset="B"), of=of.model_copy(update={"datasets": (of.datasets[0], shared)}))["overall_scores"]
    )
    assert bounds(row) == pytest.approx((0.5, 0.5))
    assert row["clusters"] == len(IOUS)


def test_another_data_set_does_not_change_the_draws():
    """Seeded by the name of the data set, not by its place."""
    ious = [round(1 - 0.9 / k, 3) for k in range(1, 31)]
    rows, objects = clustered([(str(iou), iou) for iou in ious])
    other = [iou_row(iou=iou, dataset="0", image=str(iou)) for iou in ious]
    alone = only(marts(rows, objects=objects)["task_scores"])
    beside = marts([*other, *rows], objects=[*map(object_row, other), *objects])["task_scores"]
    assert bounds(beside[1]) == pytest.approx(bounds(alone))
    assert beside[0]["low"] != beside[1]["low"]


def test_each_resample_draws_as_many_patients_as_there_are():
    """Of few patients, and of so many that they are drawn in several blocks."""
    for patients in (7, 1000):
        assert (draws(patients, seed=0, cohort="A").sum(axis=1) == patients).all()
