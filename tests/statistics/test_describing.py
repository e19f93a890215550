"""What a task's row says beside its mean, worked out by hand or by numpy."""

import numpy as np
import pytest

from tests.statistics.tables import click_rows, marts, obj, row, study

VALUES = (0.1, 0.4, 0.5, 0.8, 0.95)


def only(mart):
    (found,) = mart
    return found


def test_spread_and_quartiles_are_numpys():
    """SD with n - 1, linear quartiles."""
    found = only(marts([row(iou=value, image=str(value)) for value in VALUES])["task_scores"])
    assert found["sd_iou"] == pytest.approx(np.std(VALUES, ddof=1))
    quartiles = [found[name] for name in ("min_iou", "q1_iou", "median_iou", "q3_iou", "max_iou")]
    assert quartiles == pytest.approx(np.quantile(VALUES, [0, 0.25, 0.5, 0.75, 1]))


def test_failures_are_below_one_half():
    """0.5 itself is none."""
    found = only(marts([row(iou=value, image=str(value)) for value in VALUES])["task_scores"])
    assert found["failures"] == pytest.approx(2 / 5)


def test_dice_stands_beside_iou():
    """2 I / (1 + I) for one object."""
    assert only(marts([row(iou=0.5)])["task_scores"])["mean_dice"] == pytest.approx(2 / 3)


def two_patients():
    """One patient with IoU 0.2 and 0.4, another with 0.9."""
    rows = [row(iou=0.2, image="a1"), row(iou=0.4, image="a2"), row(iou=0.9, image="b1")]
    return rows, [obj(one, patient=one["image"][0]) for one in rows]


def test_the_interval_draws_patients():
    """Of two patients, a resample is both (mean 0.5), or one twice (0.3 or 0.9): those are the only values."""
    rows, objects = two_patients()
    found = only(marts(rows, objects=objects)["task_scores"])
    assert (found["objects"], found["patients"], found["few_patients"]) == (3, 2, True)
    assert (found["low"], found["high"]) == pytest.approx((0.3, 0.9))


def test_one_patient_has_no_interval():
    """However many images there are."""
    rows = [row(iou=value, image=str(value)) for value in VALUES]
    found = marts(rows, objects=[obj(one, patient="the one") for one in rows])
    assert (only(found["task_scores"])["low"], only(found["overall_scores"])["low"]) == (None, None)


def test_what_is_drawn_is_said():
    """Patients if the spec names them, else each image on its own."""
    rows, objects = two_patients()
    assert only(marts(rows, objects=objects)["task_scores"])["cluster"] == "patient"
    assert only(marts(rows, objects=objects, of=study(patient="null"))["task_scores"])["cluster"] == "image"


def many_patients():
    rng = np.random.default_rng(1)
    rows, objects = [], []
    for patient in range(30):
        level = rng.uniform(0.2, 0.8)
        for image in range(rng.integers(1, 6)):
            one = row(iou=float(np.clip(level + rng.normal(0, 0.05), 0, 1)), image=f"{patient}-{image}")
            rows.append(one)
            objects.append(obj(one, patient=str(patient)))
    return rows, objects


def test_a_data_set_without_scores_changes_no_figure():
    """Its objects are stored, as in a study that was interrupted; it sorts first, and has patients of its own."""
    rows, objects = many_patients()
    unscored = [obj(row(dataset="0", image=str(number))) for number in range(3)]
    assert marts(rows, objects=[*unscored, *objects]) == marts(rows, objects=objects)


def test_the_interval_is_that_of_a_plain_cluster_bootstrap():
    """Written out patient by patient, with draws of its own: equal but for chance."""
    rows, objects = many_patients()
    found = only(marts(rows, objects=objects)["task_scores"])
    by_patient = {}
    for one, described in zip(rows, objects, strict=True):
        by_patient.setdefault(described["patient"], []).append(one["iou"])
    groups, rng = list(by_patient.values()), np.random.default_rng(9)
    means = [
        np.mean(np.concatenate([groups[index] for index in rng.integers(0, len(groups), len(groups))]))
        for _ in range(4000)
    ]
    assert (found["low"], found["high"]) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.006)


def test_the_interval_is_the_same_every_time_and_another_with_another_seed():
    """Seeded by the study."""
    rows, objects = many_patients()
    first, again, other = (
        only(marts(rows, objects=objects, of=study(seed=seed))["task_scores"])["low"] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_tasks_of_one_data_set_share_their_draws():
    """Two tasks that mirror each other cancel in every resample, so the mean over tasks never varies."""
    rows = [row("up", value, image=str(value)) for value in VALUES]
    rows += [row("down", 1 - value, image=str(value)) for value in VALUES]
    found = only(marts(rows)["overall_scores"])
    assert (found["low"], found["high"]) == pytest.approx((0.5, 0.5))


def test_the_published_shape_has_a_column_for_each_task():
    """Rows are modes, or clicks."""
    rows = [row("liver", 0.25), row("spleen", 0.75), *click_rows([0.5, 0.6], task="liver")]
    found = marts(rows)
    assert only(found["modes_wide"]) == {
        "model": "m", "mask_choice": "first", "prompt": "whole_box", "A: liver": 0.25, "A: spleen": 0.75,
    }  # fmt: skip
    assert [(one["step"], one["A: liver"]) for one in found["clicks_wide"]] == [(1, 0.5), (2, 0.6)]


def test_the_number_of_clicks_counts_to_the_first_that_reaches_the_level():
    """A failure counts as the limit; so does success on the last click, the published habit."""
    rows = [
        *click_rows([0.5, 0.8, 0.7], image="early"),
        *click_rows([0.5, 0.6, 0.8], image="last"),
        *click_rows([0.1, 0.2, 0.3], image="never"),
    ]
    found = {(one["level"], one["task"]): one for one in marts(rows)["clicks_needed"]}
    one = found[0.8, "t"]
    assert one["noc"] == pytest.approx((2 + 3 + 3) / 3)
    assert (one["clicks"], one["objects"], one["reached_limit"], one["never_reached"]) == (3, 3, 2, 1)
    assert found[0.8, None]["noc"] == pytest.approx(one["noc"])
    assert found[0.9, "t"]["never_reached"] == 3


def test_a_level_is_reached_by_its_own_value():
    """0.9 is not below 0.9."""
    assert marts(click_rows([0.9]))["clicks_needed"][-1]["never_reached"] == 0


def test_the_course_of_the_clicks_is_summed_up():
    """Area under the curve, gain, and tasks that get worse."""
    found = {one["task"]: one for one in marts(click_rows([0.4, 0.9, 0.2]))["clicks_course"]}
    assert found["t"]["auc"] == pytest.approx(0.5)
    assert found["t"]["gain"] == pytest.approx(-0.2)
    assert (found["t"]["worse"], found["t"]["best_click"]) == (True, 2)
    assert found[None]["auc"] == pytest.approx(0.5)


def test_objects_are_compared_by_their_components_and_their_size():
    """One component or several; bins of their share of the image."""
    rows = [row(iou=0.9, image="whole"), row(iou=0.3, image="pieces")]
    objects = [obj(rows[0], object_px=2500), obj(rows[1], object_px=5, components=3)]
    found = marts(rows, objects=objects)
    assert [(one["contiguity"], one["mean_iou"]) for one in found["by_components"]] == [
        ("one component", 0.9), ("several components", 0.3),
    ]  # fmt: skip
    assert [(one["share_from"], one["mean_iou"]) for one in found["by_size"]] == [(0.0, 0.3), (0.2, 0.9)]


def test_modalities_weigh_tasks_alike():
    """Mean of the means of their tasks."""
    rows = [row("a", 0.2, image="1"), row("a", 0.4, image="2"), row("b", 0.9)]
    (found,) = marts(rows)["by_modality"]
    assert found["mean_iou"] == pytest.approx((0.3 + 0.9) / 2)


def test_size_and_iou_are_correlated_by_rank():
    """Scipy's Spearman, ties included; the interval holds it."""
    from scipy.stats import spearmanr

    rng = np.random.default_rng(4)
    sizes = rng.integers(1, 12, 60) * 100
    rows = [row(iou=float(np.round(np.clip(size / 2000 + rng.normal(0, 0.15), 0, 1), 1)), image=str(index))
            for index, size in enumerate(sizes)]  # fmt: skip
    objects = [obj(one, object_px=int(size)) for one, size in zip(rows, sizes, strict=True)]
    found = only(marts(rows, objects=objects)["size_correlation"])
    assert found["rho"] == pytest.approx(spearmanr(sizes, [one["iou"] for one in rows]).statistic)
    assert found["low"] < found["rho"] < found["high"]
    assert found["objects"] == found["clusters"] == 60
