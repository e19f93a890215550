"""Trajectories that stopped at a target IoU: the clicks that they needed are known, and no mean after the stop."""

import numpy as np
import pytest

from tests.statistics.recomputed.means import by_task, over_tasks
from tests.statistics.recomputed.same import assert_same
from tests.statistics.recomputed.studies import OBJECT, RUN, TASK, random_objects, random_scores, recomputed
from tests.statistics.recomputed.trajectories import trajectories
from tests.statistics.tables import click_rows, marts

MODELS = ("sam", "ritm", "med")
STOPPED = {"model": "sam", "protocol": "mazurowski2023", "mask_choice": "first", "prompt": "clicks", "seed": 0}
TASK_STOPPED = ("Nerve-A", "nerve")
STEP = [*RUN, "step"]


def stop(scores, tasks):
    """Return scores in which a run reached an IoU of 0.94 at the first of three clicks, in some tasks' first images."""
    own = (scores[list(STOPPED)] == list(STOPPED.values())).all(axis=1)
    own &= scores[TASK].apply(tuple, axis=1).isin(tasks) & scores["image"].str.endswith("-0")
    reached = {"iou": 0.94, "dice": 188 / 194, "intersection_px": 94, "union_px": 100, "predicted_iou": 0.9}
    scores = scores.assign(status=np.where(own & (scores["step"] > 1), "target", scores["status"]))
    scores.loc[own, list(reached)] = list(reached.values())
    return scores


@pytest.fixture(scope="module", params=["one task", "every task"])
def study(request):
    """Clicks of three models under one protocol, one run of which stopped, in one task or in every task."""
    rng = np.random.default_rng(5)
    objects = random_objects(rng).assign(object_px=100)
    scores = random_scores(rng, objects, MODELS).query("protocol == 'mazurowski2023' and seed == 0")
    tasks = [TASK_STOPPED] if request.param == "one task" else list(objects[TASK].itertuples(index=False, name=None))
    return recomputed(stop(scores, tasks), objects, MODELS)


def of_run(mart, **others):
    """Return the rows of a mart that are of the run that stopped."""
    key = {name: value for name, value in STOPPED.items() if name in mart} | others
    return mart[(mart[list(key)] == list(key.values())).all(axis=1)]


def known(scores):
    """Return the scores of tasks, runs and steps at which nothing had stopped."""
    stopped = (scores["status"] == "target").groupby([scores[name] for name in [*STEP, *TASK]]).transform("any")
    return scores[~stopped]


def known_overall(scores):
    """Return the scores of runs and steps at which nothing had stopped in any task."""
    return scores[~(scores["status"] == "target").groupby([scores[name] for name in STEP]).transform("any")]


def test_clicks_needed_are_known(study):
    """By task and over tasks."""
    rows = trajectories(study.scores)
    for name in ("NoC3@75", "NoC3@92.5", "never-reached3@92.5"):
        for function, mart, key in (
            (by_task, "measures_by_task", [*STEP, *TASK]),
            (over_tasks, "measures_overall", STEP),
        ):
            own = study.marts[mart].query("measure == @name")
            assert_same(own, function(rows, name, STEP), key, ["mean", "objects", "clusters"])


@pytest.mark.parametrize("measure", ["iou", "dice", "volume-iou", "patient-iou", "AUC@3", "gain@3", "worse@3"])
def test_means_are_of_what_had_not_stopped(study, measure):
    """No task's mean at a step at which one of its trajectories had stopped, no mean over tasks where a task had."""
    for mart, by in (("measures_by_task", [*STEP, *TASK]), ("measures_overall", STEP)):
        rows = study.marts[mart].query("measure == @measure")
        left = known(study.scores) if mart == "measures_by_task" else known_overall(study.scores)
        left = left if measure != "volume-iou" else left[left["axis"] != "none"]
        left = left if measure != "patient-iou" else left[left["dataset"].isin(["CT-Organ", "Nerve-A", "Nerve-B"])]
        left = left if "@" not in measure else left[left["step"] == 3]
        assert set(rows[by].itertuples(index=False, name=None)) == set(left[by].itertuples(index=False, name=None))


def test_scores_are_null(study):
    """Their rows stay, with the number of objects."""
    tasks = of_run(study.marts["task_scores"], dataset=TASK_STOPPED[0]).sort_values("step")
    assert list(tasks["mean_iou"].notna()) == [True, False, False]
    assert tasks[["sd_iou", "median_iou", "low", "failures", "mean_dice"]].iloc[1:].isna().all(axis=None)
    overall = of_run(study.marts["overall_scores"]).sort_values("step")
    assert list(overall["mean_iou"].notna()) == [True, False, False]
    assert overall[["low", "interval_iou", "failures", "mean_dice"]].iloc[1:].isna().all(axis=None)


def test_the_wide_table_has_no_mean_of_tasks(study):
    """As overall_scores."""
    rows = of_run(study.marts["clicks_wide"]).query("source == 'here'").set_index("step")["mean of tasks"]
    assert rows[1] == pytest.approx(of_run(study.marts["overall_scores"], step=1)["mean_iou"].iloc[0])
    assert rows.reindex([2, 3]).isna().all()


def test_the_course_of_clicks_is_null(study):
    """Area, gain, last and best click, by task and over tasks."""
    rows = of_run(study.marts["clicks_course"])
    rows = rows[rows["dataset"].isna() | (rows["dataset"] == TASK_STOPPED[0])]
    assert len(rows) == 2
    assert rows[["auc", "last_iou", "gain", "worse", "best_click"]].isna().all(axis=None)


def test_the_share_that_reached_a_level_is_known_up_to_the_target(study):
    """0.94 was reached at the first click; whether 0.95 would have been is not known."""
    rows = of_run(study.marts["cumulative"])
    clicks = study.scores[(study.scores[list(STOPPED)] == list(STOPPED.values())).all(axis=1)].sort_values("step")
    best = clicks.groupby(OBJECT)["iou"].cummax()
    expected = over_tasks(clicks.assign(reached=(best >= 0.9).astype(float)), "reached", STEP)
    at_nine = rows[np.isclose(rows["level"], 0.9)]
    assert len(at_nine) == 3
    assert_same(at_nine, expected.rename(columns={"mean": "reached"}), STEP, ["reached"])
    assert rows[np.isclose(rows["level"], 0.95)]["reached"].isna().all()


def test_comparisons_are_of_what_had_not_stopped(study):
    """By task and over tasks, of every measure but the clicks needed."""
    for mart in ("comparison_by_task", "differences_by_task"):
        rows = of_run(study.marts[mart], dataset=TASK_STOPPED[0], contrast="sam minus ritm")
        rows = rows if mart == "comparison_by_task" else rows[~rows["measure"].str.match("NoC|never")]
        assert set(rows["step"]) == {1}
    for mart in ("comparison_overall", "differences_overall"):
        rows = of_run(study.marts[mart], contrast="sam minus ritm")
        rows = rows if mart == "comparison_overall" else rows[~rows["measure"].str.match("NoC|never")]
        assert set(rows["step"]) == {1}


@pytest.mark.parametrize("mart", ["crossing", "crossing_by_click"])
def test_a_series_that_stopped_has_no_crossing(study, mart):
    """Nor has the series over tasks. That of another task, or of the other mask choice, has."""
    rows = study.marts[mart].query("contrast == 'sam minus ritm'")
    own = of_run(rows)
    assert not own["dataset"].isna().any()
    everywhere = len(known(study.scores).query("step == 3 and mask_choice == 'first' and model == 'sam'")) == 0
    assert set(own["dataset"]) == (set() if everywhere else {"CT-Organ", "Nerve-B", "US-Breast"} | FEW[mart])
    assert rows.query("mask_choice == 'oracle'")["dataset"].isna().any()


FEW = {"crossing": {"Heart-Few"}, "crossing_by_click": set()}


def test_models_are_ranked_where_none_had_stopped(study):
    """At the first click."""
    assert set(study.marts["ranks"]["step"]) == {1}
    assert set(study.marts["model_pairs"].query("model == 'sam'")["step"]) == {1}


@pytest.mark.parametrize("mart", ["size_correlation", "calibration"])
def test_correlations_over_tasks_are_of_all_tasks(study, mart):
    """There is none at a step at which a task had stopped."""
    rows = of_run(study.marts[mart])
    assert set(rows[rows["dataset"].isna()]["step"]) == {1}
    assert set(rows[rows["dataset"] == TASK_STOPPED[0]]["step"]) == {1}


@pytest.mark.parametrize("mart", ["by_size", "by_modality", "by_components", "calibration_bins"])
def test_strata_are_of_what_had_not_stopped(study, mart):
    """Where an object of the stratum had stopped, its mean over tasks is not known."""
    rows = of_run(study.marts[mart])
    rows = rows if mart != "by_modality" else rows.query("modality == 'US'")
    assert set(rows["step"]) == {1}


def test_published_names_are_of_all_their_data_sets(study):
    """Nerve-B alone is not US-Nerve."""
    rows = of_run(study.marts["against_published"], dataset="US-Nerve")
    assert set(rows["step"]) == {1}
    assert set(of_run(study.marts["against_published_overall"])["step"]) == {1}


def test_means_between_seeds_are_null():
    """Where the mean of a seed is, though the other seed has one."""
    rows = [row | {"status": "ok"} for seed in (0, 1) for row in click_rows([0.95, 0.95], seed=seed)]
    rows[1]["status"] = "target"
    between = [row for row in marts(rows)["between_seeds"] if row["dataset"] is None]
    assert [(row["mean_iou"], row["sd_iou"]) for row in between] == [(pytest.approx(0.95), 0), (None, None)]
    assert [(row["lowest"], row["highest"], row["seeds"]) for row in between] == [(0.95, 0.95, 2), (None, None, 2)]
