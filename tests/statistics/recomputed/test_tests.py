"""p by every flip of signs, Wilcoxon by scipy, Holm by statsmodels."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tests.statistics.recomputed.selection import MINUS, OF, PAIR, beside
from tests.statistics.recomputed.studies import OBJECT, TASK
from tests.statistics.recomputed.trajectories import trajectories
from tests.statistics.tables import iou_row, marts, object_row
from tests.statistics.tables import study as study_of

DUST = 1e-9
OURS, THEIRS = 20_000, 10_000
BASELINE = ["baseline", "baseline_prompt", "baseline_protocol", "baseline_choice", "baseline_seed", "baseline_step"]


@pytest.fixture(scope="module")
def differences(study):
    """One row per tested comparison and object: the difference of IoU, and of AUC at the last click."""
    tested = study.marts["differences_by_task"].dropna(subset="p")
    pairs = tested[["measure", *PAIR]].drop_duplicates()
    iou = beside(study.scores, pairs[pairs["measure"] == "iou"])
    iou = iou.assign(difference=iou["iou"] - iou["their_iou"])
    return pd.concat([iou, *(_courses(study, own, name) for name, own in pairs.groupby("measure") if name != "iou")])


def _courses(study, pairs, measure):
    own = trajectories(study.scores)
    theirs = own[[*OBJECT, *OF, measure]].rename(columns=dict(zip(OF, MINUS, strict=True)))
    joined = pairs.merge(own, on=OF).merge(theirs, on=[*OBJECT, *MINUS], suffixes=("", " theirs"))
    return joined.assign(difference=joined[measure] - joined[f"{measure} theirs"])


def parts(rows):
    """Return what each cluster adds to the mean difference of its task."""
    sums = rows.groupby("patient")["difference"].sum() / len(rows)
    return sums[sums.abs() > DUST]


def flipped(added, rng):
    """Return p of a sum under flips of signs, every one up to twelve, else random, and its standard error."""
    added = np.asarray(added)
    signs = np.array(
        list(product([-1, 1], repeat=len(added))) if len(added) <= 12 else rng.choice([-1, 1], (OURS, len(added)))
    )
    p = np.mean(np.abs(signs @ added) >= abs(added.sum()) - DUST)
    return p, 0.0 if len(added) <= 12 else np.sqrt(max(p, 1e-3) * (1 / OURS + 1 / THEIRS))


def test_p_by_task_is_that_of_the_flips(study, differences):
    """At every tested step: exact up to twelve clusters with a difference, null below six."""
    rng = np.random.default_rng(0)
    mart = study.marts["differences_by_task"].set_index(["measure", *PAIR, *TASK])["p"]
    exact, random = 0, 0
    for key, rows in differences.groupby(["measure", *PAIR, *TASK]):
        added = parts(rows)
        if len(added) < 6:
            assert np.isnan(mart[key])
            continue
        p, error = flipped(added, rng)
        assert mart[key] == pytest.approx(p, abs=1e-12 + 4 * error)
        exact, random = exact + (error == 0), random + (error > 0)
    assert exact > 50
    assert random > 20


def test_p_over_tasks_flips_a_cluster_in_all_its_tasks(study, differences):
    """Of the tasks with five clusters; data sets flip apart from each other."""
    rng = np.random.default_rng(1)
    mart = study.marts["differences_overall"].set_index(["measure", *PAIR])["p"]
    count = 0
    for key, rows in differences.groupby(["measure", *PAIR]):
        added = {}
        for (dataset, _), own in rows.groupby(TASK):
            if own["patient"].nunique() < 5:
                continue
            for patient, share in (own.groupby("patient")["difference"].sum() / len(own)).items():
                added[dataset, patient] = added.get((dataset, patient), 0) + share
        p, error = flipped([share for share in added.values() if abs(share) > DUST], rng)
        assert mart[key] == pytest.approx(p, abs=1e-12 + 4 * error)
        count += 1
    assert count > 20


def test_wilcoxon_is_scipys(study, differences):
    """On the clusters' means, rounded; with the rank-biserial correlation."""
    mart = study.marts["comparison_by_task"].set_index([*PAIR, *TASK])
    for key, rows in differences[differences["measure"] == "iou"].groupby([*PAIR, *TASK]):
        means = rows.groupby("patient")["difference"].mean().round(9)
        row = mart.loc[key]
        assert row["cluster_mean_difference"] == pytest.approx(means.mean(), abs=2e-9)
        assert row["nonzero_differences"] == (means != 0).sum()
        p = stats.wilcoxon(means, zero_method="pratt").pvalue if (means != 0).sum() >= 6 else np.nan
        assert row["wilcoxon_p"] == pytest.approx(p, nan_ok=True)
        ranks = means.abs().rank()
        positive, negative = ranks[means > 0].sum(), ranks[means < 0].sum()
        assert row["rank_biserial"] == pytest.approx((positive - negative) / (positive + negative))


def test_holm_is_statsmodels(study):
    """Over the tasks of one measure, contrast, run and step; over the pairs of a group of models."""
    families = [(study.marts["differences_by_task"], ["measure", *PAIR])]
    if len(study.models) > 2:
        families.append((study.marts["model_pairs"], ["prompt", "protocol", "mask_choice", "seed", "step"]))
    for mart, key in families:
        tested = mart.dropna(subset="p")
        assert mart["p_holm"].notna().equals(mart["p"].notna())
        for _, family in list(tested.groupby(key))[::7]:  # statsmodels takes milliseconds for each
            np.testing.assert_allclose(family["p_holm"], multipletests(family["p"], method="holm")[1], atol=1e-12)


def test_differences_are_tested_at_named_steps_alone(study):
    """Modes, the first, second and last click, the contrast's own step, and the area under the curve."""
    mart = study.marts["differences_by_task"]
    assert set(mart.dropna(subset="p")["measure"]) == {"iou", "AUC@2", "AUC@3", "AUC@4"}
    clicks = mart.query("measure == 'iou' and protocol == 'ritm' and baseline_protocol == 'ritm'")
    assert set(clicks.query("contrast == 'sam minus ritm'").dropna(subset="p")["step"]) == {1, 2, 4}


VERSUS = study_of(compare=("sam", "ritm"))


def thirds(patients, signs=(1, -1)):
    """Return rows and objects: patients with three slices, whose differences 1/3, -1/6, -1/6 are nothing together."""
    rows, objects = [], []
    for patient in range(patients):
        for number, (ours, theirs) in enumerate([(5, 3), (2, 3), (2, 3)]):
            image = f"{patient}-{number}"
            for model, sixths in (("sam", ours), ("ritm", theirs)):
                for step in (1, 2):
                    row = iou_row(
                        image=image, model=model, choice="single", prompt="clicks", protocol="ritm", step=step
                    )
                    rows.append(row | {"intersection_px": sixths, "union_px": 6, "iou": sixths / 6, "dice": 0.5})
            objects.append(object_row(rows[-1], patient=f"p{patient}"))
    return rows, objects


@pytest.fixture(scope="module")
def eight():
    """Eight patients whose differences are nothing but the last bits of thirds and sixths."""
    rows, objects = thirds(8)
    return marts(rows, objects=objects, of=VERSUS)


def test_the_last_bits_of_fractions_are_no_differences(eight):
    """No p, no rank."""
    for row in eight["comparison_by_task"]:
        assert (row["p"], row["wilcoxon_p"], row["rank_biserial"], row["nonzero_differences"]) == (None, None, None, 0)
    assert [row["p"] for row in eight["comparison_overall"]] == [None, None]
    assert [row["tasks_won"] for row in eight["comparison_overall"]] == [0.5, 0.5]


def test_the_last_bits_of_fractions_are_no_lead(eight):
    """No one is ahead, at no click, in no resample."""
    for row in eight["crossing"]:
        assert (row["crossing"], row["median_crossing"], row["ahead"], row["without"]) == (None, None, None, 1)
    assert {row["baseline_ahead"] for row in eight["crossing_by_click"]} == {0}


def test_the_last_bits_of_fractions_are_no_better_click_or_place():
    """1/3, 1/3, 1/3 against 1/6, 1/6, 2/3: equal means, of two clicks and of two models."""
    sixths = {"sam": ((2, 2, 2), (1, 1, 4)), "ritm": ((1, 1, 4), (2, 2, 2)), "third": ((1, 1, 1), (1, 1, 1))}
    rows = []
    for model, clicks in sixths.items():
        for step, images in enumerate(clicks, 1):
            for image, found in enumerate(images * 2):
                row = iou_row(
                    image=str(image), model=model, choice="single", prompt="clicks", protocol="ritm", step=step
                )
                rows.append(row | {"intersection_px": found, "union_px": 6, "iou": found / 6, "dice": 0.5})
    tables = marts(rows, of=study_of(models=tuple(sixths)))
    assert {row["best_click"] for row in tables["clicks_course"]} == {1}
    places = {(row["step"], row["model"]): row["place"] for row in tables["ranks"]}
    assert places == {(step, model): 3 if model == "third" else 1.5 for step in (1, 2) for model in sixths}
