"""Means of tasks, and over tasks, as a reader of the marts would compute them."""

from __future__ import annotations

import pandas as pd

from tests.statistics.recomputed.studies import CLUSTER, RUN, TASK

FEWEST = 5


def by_task(rows: pd.DataFrame, value: str, key: list[str]) -> pd.DataFrame:
    """Return the mean of a value by key and task, with the number of its objects and clusters. Nulls have no part."""
    known = rows[rows[value].notna()]
    means = known.groupby([*key, *TASK], dropna=False).agg(
        objects=(value, "size"), clusters=("patient", "nunique"), mean=(value, "mean")
    )
    return means.reset_index().assign(cluster=lambda frame: frame["dataset"].map(CLUSTER))


def over_tasks(rows: pd.DataFrame, value: str, key: list[str]) -> pd.DataFrame:
    """Return the plain mean over tasks of the means by task, by key. Clusters are of the tasks with an interval."""
    tasks = by_task(rows, value, key)
    groups = tasks.groupby(key, dropna=False)
    means = groups.agg(tasks=("mean", "size"), objects=("objects", "sum"), mean=("mean", "mean"))
    enough = tasks["clusters"] >= FEWEST
    kept = tasks[enough | ~enough.groupby([tasks[name] for name in key], dropna=False).transform("any")]
    means["cluster"] = kept.groupby(key, dropna=False)["cluster"].agg(lambda names: " and ".join(sorted(set(names))))
    known = rows[rows[value].notna()].merge(kept[[*key, *TASK]])
    means["clusters"] = known.groupby(key, dropna=False)[["dataset", "patient"]].apply(
        lambda g: len(g.drop_duplicates())
    )
    with_interval = tasks[enough].groupby(key, dropna=False)
    means["interval_tasks"], means["interval_mean"] = with_interval.size(), with_interval["mean"].mean()
    few = tasks[~enough].assign(name=lambda frame: frame["dataset"] + ": " + frame["task"])
    means["few_tasks"] = few.groupby(key, dropna=False)["name"].agg("; ".join)
    return means.reset_index()


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at the named steps: modes, and the first, second and last click."""
    last = rows.groupby(RUN)["step"].transform("max")
    return rows[(rows["protocol"] == "one-shot") | rows["step"].isin([1, 2]) | (rows["step"] == last)]
