"""Means, quantiles and shares over objects, by pandas."""

import numpy as np
import pandas as pd
import pytest

from tests.statistics.recomputed.means import by_task, named, over_tasks
from tests.statistics.recomputed.same import assert_same
from tests.statistics.recomputed.spreads import SPREADS, spreads
from tests.statistics.recomputed.studies import OBJECT, RUN, TASK

STEP = [*RUN, "step"]
OVERALL = ["tasks", "objects", "cluster", "clusters", "mean", "interval_tasks", "interval_mean", "few_tasks"]


def measured(scores):
    """Return scores with a column for each measure over objects."""
    predicted = scores["union_px"] - scores["object_px"] + scores["intersection_px"]
    return scores.assign(
        failures=(scores["iou"] < 0.5).astype(float),
        sensitivity=scores["intersection_px"] / scores["object_px"],
        precision=scores["intersection_px"] / predicted.where(predicted > 0),
    ).assign(**{
        "predicted-bias": scores["predicted_iou"].astype(float) - scores["iou"],
        "predicted-error": (scores["predicted_iou"].astype(float) - scores["iou"]).abs(),
    })  # fmt: skip


def volumes(scores):
    """Return one row per volume, run and step: IoU and Dice of its slices together."""
    key = [*STEP, *TASK, "patient", "volume"]
    sums = scores[scores["axis"] != "none"].groupby(key)[["intersection_px", "union_px"]].sum().reset_index()
    both = sums["union_px"] + sums["intersection_px"]
    return sums.assign(
        **{"volume-iou": sums["intersection_px"] / sums["union_px"], "volume-dice": 2 * sums["intersection_px"] / both}
    )


def patients(scores):
    """Return one row per patient, run and step: the mean IoU of the patient's objects."""
    stated = scores[scores["dataset"].isin(["CT-Organ", "Nerve-A", "Nerve-B"])]
    return stated.groupby([*STEP, *TASK, "patient"])["iou"].mean().rename("patient-iou").reset_index()


def every_mean(study, function):
    """Return the means of all measures of a step by a function of `means`."""
    frames = [(measured(study.scores), name) for name in ("iou", "dice", "failures", "sensitivity", "precision")]
    frames += [(measured(study.scores), name) for name in ("predicted-bias", "predicted-error")]
    frames += [(volumes(study.scores), name) for name in ("volume-iou", "volume-dice")]
    frames += [(patients(study.scores), "patient-iou")]
    means = [function(rows, name, STEP).assign(measure=name) for rows, name in frames]
    of_seeds = spreads(study.scores)
    means += [function(of_seeds, name, STEP).assign(measure=name, seed=np.nan) for name in SPREADS]
    return pd.concat(means)


def test_task_scores(study):
    """Mean, sample deviation, quartiles, failures and Dice of the objects of a task."""
    groups = measured(study.scores).groupby([*STEP, *TASK])
    expected = groups.agg(
        objects=("iou", "size"), clusters=("patient", "nunique"), mean_iou=("iou", "mean"), sd_iou=("iou", "std"),
        min_iou=("iou", "min"), median_iou=("iou", "median"), max_iou=("iou", "max"),
        failures=("failures", "mean"), mean_dice=("dice", "mean"),
    )  # fmt: skip
    expected["q1_iou"], expected["q3_iou"] = groups["iou"].quantile(0.25), groups["iou"].quantile(0.75)
    assert_same(study.marts["task_scores"], expected.reset_index(), [*STEP, *TASK])


def test_overall_scores(study):
    """The plain mean over tasks; the interval is of those with five clusters."""
    rows = measured(study.scores)
    expected = over_tasks(rows, "iou", STEP).rename(columns={"mean": "mean_iou", "interval_mean": "interval_iou"})
    for name, column in (("failures", "failures"), ("dice", "mean_dice")):
        expected = expected.merge(over_tasks(rows, name, STEP)[[*STEP, "mean"]].rename(columns={"mean": column}))
    assert_same(study.marts["overall_scores"], expected, STEP)


def test_measures_by_task(study):
    """Every measure over objects, volumes and patients."""
    mart = study.marts["measures_by_task"]
    mart = mart[~mart["measure"].str.contains("@")]
    assert_same(mart, every_mean(study, by_task), ["measure", *STEP, *TASK])


def test_measures_overall(study):
    """The same, over tasks."""
    mart = study.marts["measures_overall"]
    mart = mart[~mart["measure"].str.contains("@")]
    assert_same(mart, every_mean(study, over_tasks), ["measure", *STEP])


@pytest.mark.parametrize(("name", "key"), [("modes_wide", RUN), ("clicks_wide", STEP)])
def test_wide_tables_of_our_means(study, name, key):
    """A column for each task, and their plain mean."""
    rows = study.scores[(study.scores["protocol"] == "one-shot") == (name == "modes_wide")]
    means = by_task(rows, "iou", key).assign(column=lambda frame: frame["dataset"] + ": " + frame["task"])
    expected = means.pivot(index=key, columns="column", values="mean")
    expected["mean of tasks"] = expected.mean(axis=1)
    absent = {"protocol": "one-shot"} if name == "modes_wide" else {"prompt": "clicks"}
    mart = study.marts[name].query("source == 'here'").assign(**absent)
    assert_same(mart, expected.reset_index(), key)


def test_by_modality(study):
    """Within tasks, then over tasks."""
    expected = over_tasks(study.scores, "iou", [*STEP, "modality"]).rename(columns={"mean": "mean_iou"})
    assert_same(study.marts["by_modality"], expected.drop(columns="interval_mean"), [*STEP, "modality"])


def test_by_components(study):
    """One component, or several."""
    rows = named(study.scores)
    rows = rows.assign(contiguity=np.where(rows["components"] == 1, "one component", "several components"))
    expected = over_tasks(rows, "iou", [*STEP, "contiguity"]).rename(columns={"mean": "mean_iou"})
    assert_same(study.marts["by_components"], expected.drop(columns="interval_mean"), [*STEP, "contiguity"])


def test_by_size(study):
    """Six bins of the share of the image."""
    rows = named(study.scores)
    edges = [0, 0.001, 0.005, 0.01, 0.05, 0.2, 1.1]
    bins = pd.cut(rows["object_px"] / rows["image_px"], edges, right=False, labels=edges[:-1])
    expected = over_tasks(rows.assign(share_from=bins.astype(float)), "iou", [*STEP, "share_from"])
    expected = expected.rename(columns={"mean": "mean_iou"}).drop(columns="interval_mean")
    assert_same(study.marts["by_size"], expected, [*STEP, "share_from"])


def test_between_seeds(study):
    """Mean, spread and range of the seeds' means, by task and over tasks."""
    tasks = by_task(study.scores, "iou", STEP)
    overall = over_tasks(study.scores, "iou", STEP).assign(dataset=None, task=None)
    key = [name for name in [*STEP, *TASK] if name != "seed"]
    groups = pd.concat([tasks, overall]).groupby(key, dropna=False)["mean"]
    expected = groups.agg(seeds="size", mean_iou="mean", sd_iou="std", lowest="min", highest="max").reset_index()
    assert_same(study.marts["between_seeds"], expected, key)


def test_object_differences(study):
    """The objects of a prompt and protocol that a run lacks."""
    wanted = study.scores.groupby(["prompt", "protocol", *TASK])[OBJECT].apply(lambda g: len(g.drop_duplicates()))
    own = study.scores.groupby([*RUN, *TASK])[OBJECT].apply(lambda g: len(g.drop_duplicates())).rename("own")
    runs = study.scores[RUN].drop_duplicates()
    expected = runs.merge(wanted.rename("wanted").reset_index()).merge(own.reset_index(), how="left")
    expected["missing"] = expected["wanted"] - expected["own"].fillna(0)
    expected = expected[expected["missing"] > 0]
    mart = study.marts["object_differences"]
    assert ("med" in study.models) == (len(mart) > 0) == (len(expected) > 0)
    if len(mart):
        assert_same(mart, expected, [*RUN, *TASK], ["missing"])


@pytest.mark.parametrize("kind", ["lowest", "worse"])
def test_worst_objects(study, kind):
    """The twenty lowest at the last step, and the twenty that lost most since the first click."""
    ordered = study.scores[study.scores["step"] > 0].sort_values("step").groupby([*RUN, *OBJECT])["iou"]
    ends = pd.DataFrame({"iou": ordered.last(), "first_iou": ordered.first()}).reset_index()
    ends["badness"] = ends["iou"] if kind == "lowest" else ends["iou"] - ends["first_iou"]
    ends = ends if kind == "lowest" else ends[ends["badness"] < 0]
    ends = ends.sort_values(["badness", *OBJECT])
    ends["place"] = ends.groupby([*RUN, *TASK]).cumcount() + 1
    mart = study.marts["worst_objects"].query("kind == @kind")
    assert_same(mart, ends[ends["place"] <= 20], [*RUN, *TASK, "place"], ["image", "slice", "iou", "first_iou"])
