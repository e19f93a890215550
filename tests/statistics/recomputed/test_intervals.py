"""Intervals and crossings from draws of the test's own, patient by patient, within Monte Carlo error."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.statistics.recomputed.bootstrap import (
    CONFIDENCE,
    drawn,
    parts,
    pooled,
    score_end,
    shares,
    size,
    slack,
    stated,
    statistics,
    tails,
)
from tests.statistics.recomputed.selection import beside
from tests.statistics.recomputed.studies import TASK
from tests.statistics.tables import iou_row, marts, only
from tests.statistics.tables import study as study_of

OURS = 10_000
LAST = [
    {"model": "sam", "protocol": "ritm", "mask_choice": "score", "prompt": "clicks", "seed": 0, "step": 4},
    {"model": "ritm", "protocol": "mazurowski2023", "mask_choice": "single", "prompt": "clicks", "seed": 1, "step": 2},
]
SERIES = {"model": "sam", "protocol": "ritm", "mask_choice": "score", "prompt": "clicks", "seed": 0}


def chosen(frame, key):
    """Return the rows of a frame that have a key."""
    return frame[(frame[list(key)] == list(key.values())).all(axis=1)]


@pytest.fixture(scope="module")
def resamples(study):
    """The draws of each data set's clusters, which serve all its tasks, runs and steps."""
    rng = np.random.default_rng(11)
    owners = study.objects.groupby("dataset")["patient"].unique()
    return {dataset: drawn(names, rng) for dataset, names in owners.items()}


def resampled(rows, value, resamples):
    """Return for each task with enough clusters its statistic in each resample, and its clusters' shares."""
    tasks = {key: own for key, own in rows.groupby(TASK) if own["patient"].nunique() >= 5}
    return {key: (statistics(own, value, resamples[key[0]]), shares(own)) for key, own in tasks.items()}


def over_tasks(by_task):
    """Return the mean over tasks in each resample, with factor and degrees of freedom of its cohorts."""
    sums, weights = defaultdict(float), defaultdict(lambda: pd.Series(dtype=float))
    for (dataset, _), (values, own) in by_task.items():
        sums[dataset] = sums[dataset] + values
        weights[dataset] = weights[dataset].add(own, fill_value=0)
    spread = pooled([(sums[dataset], size(weights[dataset])) for dataset in sums])
    return sum(sums.values()) / len(by_task), spread


def assert_interval(row, values, spread, low="low", high="high"):
    """Raise AssertionError unless a row's interval is that of these resamples."""
    for name, tail in zip((low, high), tails(*spread), strict=True):
        assert row[name] == pytest.approx(np.nanquantile(values, tail), abs=slack(values, tail, OURS)), name


def studentised(rows, value, resamples):
    """Return mean, variance and studentised errors of each task with enough clusters, and over these tasks.

    The last one is under None. Data sets are independent; what a patient adds to the tasks of one is added up.
    """
    tasks = {key: own for key, own in rows.groupby(TASK) if own["patient"].nunique() >= 5}
    found, sums, cohorts = {}, 0, {}
    for key, own in tasks.items():
        values, added = statistics(own, value, resamples[key[0]]), parts(own, value)
        found[key] = errors(own[value].mean(), values, [stated(added, resamples[key[0]])], of_clusters(added["share"]))
        sums, cohorts[key[0]] = sums + values, [*cohorts.get(key[0], []), added]
    joined = {name: pd.concat(own).groupby(level=0).sum() for name, own in cohorts.items()}
    for name, own in joined.items():
        own["share"] /= len(cohorts[name])
    variances = [stated(own, resamples[name]) for name, own in joined.items()]
    variances = [(variance / len(tasks) ** 2, values / len(tasks) ** 2) for variance, values in variances]
    mean = np.mean([found[key][0] for key in tasks])
    return found | {None: errors(mean, sums / len(tasks), variances, over_tasks(resampled(rows, value, resamples))[1])}


def errors(mean, values, variances, spread):
    """Return mean, standard error, the studentised errors of the resamples, and degrees of freedom."""
    variance, of_resamples = sum(own for own, _ in variances), sum(own for _, own in variances)
    least = variance / (spread[1] + 1)
    return mean, np.sqrt(variance), (values - mean) / np.sqrt(np.maximum(of_resamples, least)), spread[1]


def assert_studentised(row, estimate, lowest, highest):
    """Raise AssertionError unless a row's ends lie at the quantiles of the studentised errors, or at Student's."""
    mean, error, errors_B, freedom = estimate
    tail, student = (1 + CONFIDENCE) / 2, stats.t.ppf((1 + CONFIDENCE) / 2, freedom)
    for name, sign in (("low", 1), ("high", -1)):
        quantile, near = np.nanquantile(sign * errors_B, tail), slack(sign * errors_B, tail, OURS)
        few, many = (max(student, quantile + way * near) for way in (-1.0, 1.0))
        # The degrees of freedom over tasks come from the variance of resamples, which has an error of its own.
        ends = [score_end(mean, error, sign * reach, lowest, highest) for reach in (0.995 * few, 1.005 * many)]
        assert min(ends) <= row[name] <= max(ends), name


def of_clusters(weights):
    """Return factor and degrees of freedom of one cohort."""
    return size(weights) / (size(weights) - 1), size(weights) - 1


@pytest.mark.parametrize("key", LAST, ids=["sam", "ritm"])
def test_intervals_of_task_scores(study, resamples, key):
    """Of each task with five clusters, at P - 1 degrees of freedom; the others have none."""
    found = studentised(chosen(study.scores, key), "iou", resamples)
    mart = chosen(study.marts["task_scores"], key).set_index(TASK)
    assert set(mart.index[mart["low"].notna()]) == set(found) - {None}
    for task in set(found) - {None}:
        assert_studentised(mart.loc[task], found[task], 0, 1)


@pytest.mark.parametrize("key", LAST, ids=["sam", "ritm"])
def test_intervals_over_tasks(study, resamples, key):
    """Cohorts of different sizes, pooled; one draw of a data set serves both its tasks."""
    found = studentised(chosen(study.scores, key), "iou", resamples)[None]
    for mart, mean in (("overall_scores", "interval_iou"), ("measures_overall", "interval_mean")):
        rows = chosen(study.marts[mart], key | ({"measure": "iou"} if mart == "measures_overall" else {}))
        assert rows.iloc[0][mean] == pytest.approx(found[0])
        assert_studentised(rows.iloc[0], found, 0, 1)


@pytest.fixture(scope="module")
def differences(study):
    """Each click of one series of `sam minus ritm` beside its baseline, by object."""
    keys = [SERIES | {"step": step} for step in range(1, 5)]
    baseline = {"baseline": "ritm", "baseline_protocol": "ritm", "baseline_choice": "single"}
    pairs = [key | baseline | {f"baseline_{name}": key[name] for name in ("prompt", "seed", "step")} for key in keys]
    rows = beside(study.scores, pd.DataFrame(pairs))
    return rows.assign(difference=rows["iou"] - rows["their_iou"])


def test_intervals_of_differences(study, resamples, differences):
    """And the share of resamples in which the difference is above minus the margin."""
    for step, own in differences.groupby("step"):
        key = SERIES | {"step": step, "contrast": "sam minus ritm"}
        by_task, found = resampled(own, "difference", resamples), studentised(own, "difference", resamples)
        tasks = chosen(study.marts["comparison_by_task"], key).set_index(TASK)
        rows = [(tasks.loc[task], values, found[task]) for task, (values, _) in by_task.items()]
        rows.append((chosen(study.marts["comparison_overall"], key).iloc[0], over_tasks(by_task)[0], found[None]))
        for row, values, estimate in rows:
            assert_studentised(row, estimate, -1, 1)
            share = np.mean(values > -0.05)
            error = 4 * np.sqrt(max(share * (1 - share), 1e-3) * (1 / len(values) + 1 / OURS))
            assert row["not_inferior"] == pytest.approx(share, abs=error)


def crossing(means):
    """Return the first click from which all means are negative; one beyond the last if there is none."""
    return 1 + max([click for click, mean in enumerate(means, 1) if mean >= 0], default=0)


def test_the_distribution_of_the_crossing(study, resamples, differences):
    """Who is ahead at each click, quantiles of the crossing, and the simultaneous interval, over tasks and by task."""
    found = {step: resampled(own, "difference", resamples) for step, own in differences.groupby("step")}
    key = SERIES | {"contrast": "sam minus ritm"}
    del key["prompt"]
    courses, clicks = (chosen(study.marts[name], key) for name in ("crossing", "crossing_by_click"))
    for task in (None, *found[1]):
        steps = [over_tasks(found[step]) if task is None else found[step][task] for step in range(1, 5)]
        spread = steps[-1][1] if task is None else of_clusters(steps[-1][1])
        values_KB = np.stack([values for values, _ in steps])
        means = [tasks_mean(differences[differences["step"] == step], task) for step in range(1, 5)]
        own = [
            rows[rows["dataset"].isna()] if task is None else chosen(rows, dict(zip(TASK, task, strict=True)))
            for rows in (courses, clicks)
        ]
        assert_crossing(own[0].iloc[0], own[1].sort_values("step"), means, values_KB, spread)


def tasks_mean(rows, task):
    """Return the mean difference of a task, or over the tasks with enough clusters."""
    groups = {key: own for key, own in rows.groupby(TASK) if own["patient"].nunique() >= 5}
    means = {key: own["difference"].mean() for key, own in groups.items()}
    return means[task] if task else np.mean(list(means.values()))


def assert_crossing(row, clicks, means, values_KB, spread):
    """Raise AssertionError unless a crossing and its clicks are those of these resamples (K, B)."""
    kept_KB = values_KB[:, ~np.isnan(values_KB).any(axis=0)]
    crossings = np.array([crossing(column) for column in kept_KB.T])
    count = kept_KB.shape[1]
    error = 4 * np.sqrt(0.25 * (1 / count + 1 / OURS))
    assert row["without"] == pytest.approx(np.mean(crossings > 4), abs=error)
    low, high = tails(*spread)
    for name, share in (("low_crossing", low), ("median_crossing", 0.5), ("high_crossing", high)):
        near = 4 * np.sqrt(share * (1 - share) * (1 / count + 1 / OURS)) + 2 / count
        bounds = np.quantile(crossings, np.clip([share - near, share + near], 0, 1), method="inverted_cdf")
        assert bounds[0] <= (5 if np.isnan(row[name]) else row[name]) <= bounds[1], name
    np.testing.assert_allclose(clicks["baseline_ahead"], np.mean(kept_KB < 0, axis=1), atol=error)
    deviations_K = kept_KB.std(axis=1)
    largest = np.max(np.abs(kept_KB - kept_KB.mean(axis=1, keepdims=True)) / deviations_K[:, None], axis=0)
    normal, near = np.quantile(largest, CONFIDENCE), slack(largest, CONFIDENCE, OURS)
    of_deviation = 4 * np.sqrt((1 / count + 1 / OURS) / 2)  # the relative standard error of a standard deviation
    for level, compare in ((normal - near, np.greater_equal), (normal + near, np.less_equal)):
        reach = np.sqrt(spread[0]) * stats.t.ppf(stats.norm.cdf(level), spread[1])
        reach *= 1 - of_deviation if level < normal else 1 + of_deviation
        for side in (np.array(means) - clicks["low"], clicks["high"] - np.array(means)):
            assert compare(side, reach * deviations_K).all()
    assert_lead(row, clicks)


def assert_lead(row, clicks):
    """Raise AssertionError unless the lead is the one that the interval of all clicks holds to the last."""
    leads = {"sam": list(clicks["low"] > 0), "ritm": list(clicks["high"] < 0)}
    held = {name: next((k + 1 for k in range(4) if all(lead[k:])), None) for name, lead in leads.items()}
    expected = [(name, click) for name, click in held.items() if click]
    assert expected == ([(row["ahead"], row["ahead_from"])] if pd.notna(row["ahead"]) else [])


def test_ranks(study, resamples):
    """The share of resamples in which a model is first, and the interval of its place."""
    for _, group in study.marts["ranks"].groupby(["prompt", "protocol", "seed", "mask_choice", "step"]):
        values, spreads = {}, {}
        for row in group.to_dict("records"):
            key = {name: row[name] for name in ("model", "prompt", "protocol", "seed", "step")}
            own = chosen(study.scores, key)
            own = own[own["mask_choice"] == (row["mask_choice"] if row["model"] != "ritm" else "single")]
            values[row["model"]], spreads[row["model"]] = over_tasks(resampled(own, "iou", resamples))
        places = pd.DataFrame(values).rank(axis=1, ascending=False)
        for row in group.to_dict("records"):
            share = np.mean(places[row["model"]] == 1)
            assert row["best"] == pytest.approx(share, abs=4 * np.sqrt(0.25 * (1 / len(places) + 1 / OURS)))
            assert row["low"] <= row["place"] <= row["high"]


def weighted_rho(rows, value, resamples):
    """Return the correlation of the whole sample's ranks among the drawn clusters' objects, for each resample."""
    ranked = rows.assign(r=rows[value].rank(), s=rows["iou"].rank())
    parts = {name: own[["r", "s"]].to_numpy() for name, own in ranked.groupby("patient")}
    result = []
    for names in resamples:
        pairs = [parts[name] for name in names if name in parts]
        result.append(np.corrcoef(np.concatenate(pairs).T)[0, 1] if pairs else np.nan)
    return np.array(result)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_intervals_of_correlations(study, resamples):
    """Of the share of the image, by task, and over tasks by Fisher's z, where each has an interval."""
    rows = chosen(study.scores, LAST[0]).assign(share=lambda frame: frame["object_px"] / frame["image_px"])
    mart = chosen(study.marts["size_correlation"], LAST[0])
    tasks = {key: own for key, own in rows.groupby(TASK) if own["patient"].nunique() >= 5}
    found = {}
    for key, own in tasks.items():
        rho = weighted_rho(own, "share", resamples[key[0]])
        assert_interval(mart.set_index(TASK).loc[key], rho, of_clusters(shares(own)))
        found[key] = (np.arctanh(np.clip(rho, -1 + 1e-9, 1 - 1e-9)), shares(own))
    overall = mart[mart["dataset"].isna()].iloc[0]
    if len(found) < overall["tasks"]:
        assert np.isnan(overall["low"])
        return
    values, spread = over_tasks(found)
    assert_interval(overall, np.tanh(values), spread)


def test_a_small_cohort_that_varies_most_sets_the_degrees_of_freedom():
    """Five images of any IoU beside forty of nearly one: about four degrees of freedom, not forty-three."""
    rng = np.random.default_rng(4)
    ious = {"A": rng.uniform(size=5).round(6), "B": rng.uniform(0.5, 0.51, 40).round(6)}
    rows = [
        iou_row(iou=iou, dataset=name, image=f"{name}{n}") for name, own in ious.items() for n, iou in enumerate(own)
    ]
    row = only(marts(rows, of=study_of(datasets=("A", "B")))["overall_scores"])
    added = {name: own[rng.integers(0, len(own), (200_000, len(own)))].mean(axis=1) for name, own in ious.items()}
    spread = pooled([(added[name], len(own)) for name, own in ious.items()])
    assert spread[1] == pytest.approx(4, abs=0.1)
    means = (added["A"] + added["B"]) / 2
    assert row["high"] - row["low"] > 1.2 * np.diff(np.quantile(means, tails(1, 1e9)))
