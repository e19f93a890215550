"""Our means beside the published ones, from the published file itself."""

from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

import job.statistics.reference as reference
from tests.statistics.recomputed.same import assert_same
from tests.statistics.recomputed.studies import PUBLISHED, RUN

COLUMNS = {"sam": "sam_vit_h", "ritm": "ritm_h32"}
TABLE = Path(reference.__file__).with_name("published_iou.csv")


@pytest.fixture(scope="module")
def beside(study):
    """Our mean and the published one of each task, run and step that both have."""
    known = study.scores[study.scores["model"].isin(COLUMNS)]
    ours = known.assign(published=known["model"].map(COLUMNS), dataset=known["dataset"].replace(PUBLISHED))
    means = ours.groupby([*RUN, "published", "step", "dataset", "task"])["iou"].agg(["size", "mean"]).reset_index()
    theirs = pd.read_csv(TABLE).rename(columns={"model": "published", "mean_iou": "published_iou"})
    joined = means.rename(columns={"size": "objects", "mean": "mean_iou"}).merge(theirs)
    return joined.assign(difference=joined["mean_iou"] - joined["published_iou"])


def test_against_published(study, beside):
    """Data sets that share a published name are one."""
    assert {"US-Nerve", "MRI-Heart", "CT-Organ", "US-Breast"} == set(beside["dataset"])
    assert_same(study.marts["against_published"], beside, [*RUN, "step", "dataset", "task"])


def test_against_published_overall(study, beside):
    """Means over the tasks of both, and Spearman's correlation of the task means."""
    rows = []
    for key, group in beside.groupby([*RUN, "step"]):
        rho = stats.spearmanr(group["mean_iou"], group["published_iou"]).statistic
        means = group[["mean_iou", "published_iou", "difference"]].mean().to_dict()
        row = dict(zip([*RUN, "step"], key, strict=True)) | means | {"tasks": len(group), "rank_correlation": rho}
        rows.append(row | {"absolute_difference": group["difference"].abs().mean()})
    assert_same(study.marts["against_published_overall"], pd.DataFrame(rows), [*RUN, "step"])


def test_published_rows_of_the_wide_tables(study):
    """The published figures of the tasks that are here by their published name, and their mean."""
    theirs = pd.read_csv(TABLE).rename(columns={"model": "published"})
    ours = study.scores[study.scores["model"].isin(COLUMNS)][[*RUN, "step", "dataset", "task"]].drop_duplicates()
    ours = ours.assign(published=ours["model"].map(COLUMNS), here=ours["dataset"] + ": " + ours["task"])
    joined = ours.assign(dataset=ours["dataset"].replace(PUBLISHED)).merge(theirs)
    table = joined.pivot(index=[*RUN, "step"], columns="here", values="mean_iou")
    table = table.assign(mean=table.mean(axis=1)).rename(columns={"mean": "mean of tasks"}).reset_index()
    for name, own in (
        ("modes_wide", table["protocol"] == "one-shot"),
        ("clicks_wide", table["protocol"] != "one-shot"),
    ):
        absent = {"protocol": "one-shot", "step": 1} if name == "modes_wide" else {"prompt": "clicks"}
        mart = study.marts[name].query("source == 'published'").assign(**absent)
        assert_same(mart, table[own], [*RUN, "step"])
