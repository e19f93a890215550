"""Rank correlations and the calibration of predicted IoU, by scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.statistics.recomputed.means import by_task, named, over_tasks
from tests.statistics.recomputed.same import assert_same
from tests.statistics.recomputed.studies import RUN, TASK

STEP = [*RUN, "step"]


def correlations(rows, value):
    """Return Spearman's rho of a value and IoU by task, and the mean over tasks by Fisher's z."""
    tasks = []
    for key, group in rows.groupby([*STEP, *TASK]):
        rho = stats.spearmanr(group[value], group["iou"]).statistic
        tasks.append(dict(zip([*STEP, *TASK], key, strict=True)) | {"rho": rho})
    frame = pd.DataFrame(tasks)
    overall = frame.groupby(STEP)["rho"].agg(lambda rho: np.tanh(np.arctanh(rho.clip(-1 + 1e-9, 1 - 1e-9)).mean()))
    return pd.concat([frame, overall.reset_index().assign(dataset=None, task=None)])


def counted(rows, value):
    """Return the number of objects and clusters by task and over tasks."""
    overall = over_tasks(rows, value, STEP).assign(dataset=None, task=None)
    return pd.concat([by_task(rows, value, STEP), overall]).drop(
        columns=["few_tasks", "interval_mean", "interval_tasks"]
    )


@pytest.mark.filterwarnings("ignore::scipy.stats.ConstantInputWarning")
def test_size_correlation(study):
    """Of the share of the image and IoU, at the named steps."""
    rows = named(study.scores)
    rows = rows.assign(share=rows["object_px"] / rows["image_px"])
    expected = correlations(rows, "share").merge(counted(rows, "share").drop(columns="mean"))
    assert_same(study.marts["size_correlation"], expected, [*STEP, *TASK])


def test_calibration(study):
    """Bias and mean absolute error of the predicted IoU, and their rank correlation."""
    rows = named(study.scores).dropna(subset="predicted_iou")
    rows = rows.assign(bias=rows["predicted_iou"].astype(float) - rows["iou"])
    rows = rows.assign(error=rows["bias"].abs())
    expected = correlations(rows, "predicted_iou")
    for name in ("bias", "error"):
        expected = expected.merge(counted(rows, name).rename(columns={"mean": name}))
    columns = ["rho", "bias", "error", "objects", "cluster", "clusters"]
    assert_same(study.marts["calibration"], expected, [*STEP, *TASK], columns)


def test_calibration_bins(study):
    """Ten bins of the predicted IoU over all objects; the outermost hold what is beyond 0 and 1."""
    rows = named(study.scores).dropna(subset="predicted_iou")
    assert rows["predicted_iou"].min() < 0
    assert rows["predicted_iou"].max() > 1
    bins = np.digitize(rows["predicted_iou"].astype(float), [number / 10 for number in range(1, 10)])
    groups = rows.assign(bin=bins).groupby([*STEP, "bin"])
    expected = groups.agg(objects=("iou", "size"), mean_predicted=("predicted_iou", "mean"), mean_iou=("iou", "mean"))
    mart = study.marts["calibration_bins"]
    mart = mart.assign(bin=(mart["predicted_from"] * 10).round().astype(int))
    np.testing.assert_allclose(mart["predicted_below"] - mart["predicted_from"], 0.1)
    assert_same(mart, expected.reset_index(), [*STEP, "bin"])
