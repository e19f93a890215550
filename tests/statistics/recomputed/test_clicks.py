"""What is computed from whole trajectories, by pandas and plain Python."""

import numpy as np
import pandas as pd
import pytest

from tests.statistics.recomputed.means import by_task, over_tasks
from tests.statistics.recomputed.same import assert_same
from tests.statistics.recomputed.studies import CLICKS, LEVELS, RUN, TASK
from tests.statistics.recomputed.trajectories import measures, trajectories

KEY = [name for name in RUN if name != "prompt"]


@pytest.fixture(scope="module")
def courses(study):
    """One row per trajectory."""
    return trajectories(study.scores)


def both(courses, measure):
    """Return the means of a measure by task and over tasks, the latter with null names."""
    overall = over_tasks(courses, measure, RUN).assign(dataset=None, task=None)
    return pd.concat([by_task(courses, measure, RUN), overall])


@pytest.mark.parametrize(("mart", "function"), [("measures_by_task", by_task), ("measures_overall", over_tasks)])
def test_measures_of_trajectories(study, courses, mart, function):
    """AUC by two rules, gain, worse, and NoC with what never reached its level."""
    expected = pd.concat([function(courses, name, [*RUN, "step"]).assign(measure=name) for name in measures(courses)])
    key = ["measure", *RUN, "step", *(TASK if function is by_task else [])]
    rows = study.marts[mart]
    assert_same(rows[rows["measure"].str.contains("@")], expected, key)


def test_clicks_needed(study, courses):
    """The mean number of clicks; the objects that failed, and those on the limit, are counted over all tasks."""
    parts = []
    for limit in CLICKS.values():
        for level in LEVELS:
            name = f"{limit}@{level * 100:g}"
            part = both(courses, f"NoC{name}").assign(level=level, clicks=limit, measure=f"NoC{name}")
            for column, measure in (("never_reached", "never-reached"), ("reached_limit", "reached-limit")):
                sums = courses[courses["step"] == limit].groupby([*RUN, *TASK])[measure + name].sum().reset_index()
                total = sums.groupby(RUN)[measure + name].sum().reset_index().assign(dataset=None, task=None)
                counted = pd.concat([sums, total]).rename(columns={measure + name: column})
                part = part.merge(counted, on=[*RUN, *TASK])
            parts.append(part)
    expected = pd.concat(parts).rename(columns={"mean": "noc"})
    columns = ["measure", "clicks", "objects", "cluster", "clusters", "noc", "never_reached", "reached_limit"]
    assert_same(study.marts["clicks_needed"], expected, [*KEY, *TASK, "level"], columns)


def test_clicks_course(study, courses):
    """First, last and best mean of the clicks, the area under the means, and the share that got worse."""
    clicks = study.scores[(study.scores["protocol"] != "one-shot") & (study.scores["step"] > 0)]
    steps = both(clicks, "iou").drop(columns=["mean"])[[*RUN, *TASK, "cluster", "clusters"]]
    tasks = by_task(clicks, "iou", [*RUN, "step"])
    overall = over_tasks(clicks, "iou", [*RUN, "step"]).assign(dataset=None, task=None)
    curves = pd.concat([tasks, overall]).sort_values("step")
    expected = []
    for key, group in curves.groupby([*RUN, *TASK], dropna=False):
        means = list(group["mean"])
        best = int(np.argmax(np.round(means, 12))) + 1
        expected.append(
            dict(zip([*RUN, *TASK], key, strict=True))
            | {"clicks": len(means), "auc": np.mean(means), "first_iou": means[0], "last_iou": means[-1]}
            | {"gain": means[-1] - means[0], "best_click": best}
        )
    limits = pd.concat([both(courses, f"worse@{limit}") for limit in CLICKS.values()]).rename(columns={"mean": "worse"})
    frame = pd.DataFrame(expected).merge(limits[[*RUN, *TASK, "worse"]]).merge(steps)
    assert_same(
        study.marts["clicks_course"], frame, [*KEY, *TASK], [name for name in frame if name not in [*RUN, *TASK]]
    )


def test_cumulative(study):
    """The share that has reached a level by a click, over tasks."""
    clicks = study.scores[study.scores["protocol"] != "one-shot"].sort_values("step")
    best = clicks.groupby([*RUN, *TASK, "image", "slice"])["iou"].cummax()
    parts = []
    for percent in range(50, 100, 5):
        reached = clicks.assign(reached=(best >= percent / 100).astype(float))
        parts.append(over_tasks(reached, "reached", [*RUN, "step"]).assign(level=percent / 100))
    expected = pd.concat(parts).rename(columns={"mean": "reached"}).round({"level": 9})
    mart = study.marts["cumulative"].round({"level": 9})
    assert_same(mart, expected, [*RUN, "step", "level"], ["tasks", "reached"])
