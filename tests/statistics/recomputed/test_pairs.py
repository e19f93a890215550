"""Paired differences on the objects that both sides saw, by pandas; which rows are paired, in plain Python."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from tests.statistics.recomputed.means import by_task, over_tasks
from tests.statistics.recomputed.same import assert_same
from tests.statistics.recomputed.selection import MINUS, OF, PAIR, beside, paired
from tests.statistics.recomputed.spreads import SPREADS, spreads
from tests.statistics.recomputed.studies import CONTRASTS, OBJECT, RUN, TASK
from tests.statistics.recomputed.trajectories import measures, trajectories


def contrasts_of(models):
    """Return every contrast of the study: name, kind, and both sides."""
    yield "sam minus ritm", "compare", {"model": "sam"}, {"model": "ritm"}
    for name, (of, minus) in CONTRASTS.items():
        yield name, "contrast", of, minus
    yield "oracle minus score", "regret", {"mask_choice": "oracle", "step": "prompt"}, {"mask_choice": "score"}
    if len(models) > 2:
        for model, baseline in combinations(models, 2):
            if {model, baseline} != {"sam", "ritm"}:
                yield f"{model} minus {baseline}", "pair", {"model": model}, {"model": baseline}


@pytest.fixture(scope="module")
def pairs(study):
    """One row per contrast and pair."""
    return paired(study.scores, list(contrasts_of(study.models)))


@pytest.fixture(scope="module")
def differences(study, pairs):
    """One row per pair and object, with the difference of every measure over objects."""
    rows = beside(study.scores, pairs)

    def precision(side):
        predicted = rows[f"{side}union_px"] - rows["object_px"] + rows[f"{side}intersection_px"]
        return rows[f"{side}intersection_px"] / predicted.where(predicted > 0)

    return rows.assign(
        model_iou=rows["iou"], baseline_iou=rows["their_iou"],
        won=(rows["iou"] > rows["their_iou"]) + 0.5 * (rows["iou"] == rows["their_iou"]),
        failures=(rows["iou"] < 0.5).astype(float) - (rows["their_iou"] < 0.5),
        sensitivity=(rows["intersection_px"] - rows["their_intersection_px"]) / rows["object_px"],
        precision=precision("") - precision("their_"),
        iou=rows["iou"] - rows["their_iou"], dice=rows["dice"] - rows["their_dice"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def courses(study, pairs):
    """One row per pair of series and object, with the difference of every measure of trajectories."""
    ends = pairs[pairs["in_series"] & pairs["limits"].map(lambda limits: limits[0] == limits[1])]
    ends = ends[ends["step"] == ends["limits"].str[0]]
    own = trajectories(study.scores)
    names = [name for name in measures(own) if not name.startswith(("worse", "reached-limit"))]
    theirs = own[[*OBJECT, *OF, *names]].rename(columns=dict(zip(OF, MINUS, strict=True)))
    joined = ends.merge(own, on=OF).merge(theirs, on=[*OBJECT, *MINUS], suffixes=("", " theirs"))
    return joined.assign(**{name: joined[name] - joined[f"{name} theirs"] for name in names}), names


@pytest.fixture(scope="module")
def of_spreads(study, pairs):
    """One row per pair of first seeds and object, with the difference of what is of all seeds."""
    own = spreads(study.scores)
    theirs = own[[*OBJECT, *OF, *SPREADS]].rename(columns=dict(zip(OF, MINUS, strict=True)))
    joined = pairs.merge(own, on=OF).merge(theirs, on=[*OBJECT, *MINUS], suffixes=("", " theirs"))
    return joined.assign(**{name: joined[name] - joined[f"{name} theirs"] for name in SPREADS})


@pytest.mark.parametrize("function", [by_task, over_tasks])
def test_differences(study, differences, courses, of_spreads, function):
    """Of every measure, on the objects that both sides saw."""
    frames = [(differences, name) for name in ("iou", "dice", "failures", "sensitivity", "precision")]
    frames += [(courses[0], name) for name in courses[1]]
    means = [function(rows, name, PAIR).assign(measure=name) for rows, name in frames]
    no_seed = {"seed": np.nan, "baseline_seed": np.nan}
    means += [function(of_spreads, name, PAIR).assign(measure=name, **no_seed) for name in SPREADS]
    expected = pd.concat(means)
    mart = study.marts["differences_by_task" if function is by_task else "differences_overall"]
    key = ["measure", *PAIR, *(TASK if function is by_task else [])]
    assert_same(mart, expected.rename(columns={"mean": "mean_difference"}), key)


def test_comparison_by_task(study, differences):
    """IoU of both sides, their difference, and the share of objects won."""
    groups = differences.groupby([*PAIR, *TASK])
    expected = groups.agg(
        kind=("kind", "first"), objects=("iou", "size"), clusters=("patient", "nunique"), won=("won", "mean"),
        model_iou=("model_iou", "mean"), baseline_iou=("baseline_iou", "mean"), mean_difference=("iou", "mean"),
    )  # fmt: skip
    assert_same(study.marts["comparison_by_task"], expected.reset_index(), [*PAIR, *TASK])


def test_comparison_overall(study, differences):
    """Means over tasks, and the tasks won: a task without a difference counts half."""
    expected = over_tasks(differences, "iou", PAIR).rename(columns={"mean": "mean_difference"})
    for name in ("model_iou", "baseline_iou", "won"):
        means = over_tasks(differences, name, PAIR)[[*PAIR, "mean"]]
        expected = expected.merge(means.rename(columns={"mean": name}), on=PAIR)
    tasks = by_task(differences, "iou", PAIR)
    won = (tasks["mean"] > 1e-9) + 0.5 * (tasks["mean"].abs() <= 1e-9)
    tasks_won = tasks.assign(tasks_won=won).groupby(PAIR)["tasks_won"].sum().reset_index()
    assert_same(study.marts["comparison_overall"], expected.merge(tasks_won, on=PAIR), PAIR)


def test_the_point_crossing(study, differences):
    """The first click from which the baseline's mean is higher up to the last."""
    series = differences[differences["in_series"]]
    tasks, overall = by_task(series, "iou", PAIR), over_tasks(series, "iou", PAIR).assign(dataset=None, task=None)
    key = [name for name in PAIR if name not in ("prompt", "step") and not name.startswith("baseline_")]
    key = [*key, "baseline_choice", *TASK]
    rows = []
    for values, group in pd.concat([tasks, overall]).sort_values("step").groupby(key, dropna=False):
        means = list(group["mean"])
        crossing = next((k + 1 for k in range(len(means)) if all(mean < -1e-9 for mean in means[k:])), None)
        row = {"clicks": len(means), "crossing": crossing} | group.iloc[0][
            ["cluster", "clusters", "few_tasks"]
        ].to_dict()
        rows.append(dict(zip(key, values, strict=True)) | row)
    expected = pd.DataFrame(rows)
    assert expected["crossing"].notna().any()
    assert expected["crossing"].isna().any()
    assert_same(study.marts["crossing"], expected, key)


def groups_of_models(study):
    """Yield each group of models that can be ranked: its key, and the rows of each model by name."""
    runs = study.scores.assign(step=study.scores["step"])
    for (prompt, protocol, seed), own in runs.groupby(["prompt", "protocol", "seed"]):
        for choice in sorted(own["mask_choice"].unique()):
            members = {}
            for model, rows in own.groupby("model"):
                wanted = choice if choice in set(rows["mask_choice"]) else "single"
                if wanted in set(rows["mask_choice"]):
                    members[model] = rows[rows["mask_choice"] == wanted]
            steps = {1, 2, own["step"].max()} if protocol != "one-shot" else {1}
            if len(members) >= 3:
                for step in sorted(steps):
                    key = {"prompt": prompt, "protocol": protocol, "seed": seed, "mask_choice": choice, "step": step}
                    yield key, {model: rows[rows["step"] == step] for model, rows in members.items()}


GROUP = ["prompt", "protocol", "seed", "mask_choice", "step"]


def test_places_of_ranks(study):
    """By the mean over the tasks with an interval, 1 for the highest."""
    rows = []
    for key, members in groups_of_models(study):
        means = pd.Series({model: over_tasks(own, "iou", OF)["interval_mean"].mean() for model, own in members.items()})
        rows += [key | {"model": model, "place": place} for model, place in means.rank(ascending=False).items()]
    assert (len(rows) > 0) == (len(study.models) > 2) == (len(study.marts["ranks"]) > 0)
    if rows:
        assert_same(study.marts["ranks"], pd.DataFrame(rows), [*GROUP, "model"])


def test_pairs_of_models(study, differences):
    """Every pair of the models of a group, whichever of them the spec names first."""
    rows = []
    overall = over_tasks(differences[differences["kind"].isin(["compare", "pair"])], "iou", PAIR)
    chosen = [*[name for name in RUN if name != "model"], "step"]
    assert chosen
    for key, members in groups_of_models(study):
        for model, baseline in combinations(study.models, 2):
            names = ("sam", "ritm") if {model, baseline} == {"sam", "ritm"} else (model, baseline)
            ours, theirs = (members[name][[*RUN, "step"]].iloc[0] for name in names)
            found = overall[
                (overall[RUN] == ours[RUN].to_numpy()).all(axis=1)
                & (overall["step"] == key["step"]) & (overall["baseline"] == names[1])
                & (overall["baseline_choice"] == theirs["mask_choice"])
            ]  # fmt: skip
            (mean,) = found["mean"]
            rows.append(key | {"model": names[0], "baseline": names[1], "mean_difference": mean})
    assert (len(rows) > 0) == (len(study.models) > 2)
    if rows:
        assert_same(study.marts["model_pairs"], pd.DataFrame(rows), [*GROUP, "model", "baseline"])
