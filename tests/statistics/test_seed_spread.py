"""How an object's IoU spreads over the seeds: standard deviation, range, worst seed; and how models differ in it."""

import numpy as np
import pytest

from tests.statistics.tables import click_rows, iou_row, marts, study

IOUS = {"a": (0.2, 0.4, 0.9), "b": (0.5, 0.5, 0.5), "c": (0.1, 0.7, 0.3), "d": (0.6, 0.8, 0.9), "e": (0.3, 0.2, 0.4)}
"""Of five images with seeds 4, 5 and 9."""
SEEDS = (4, 5, 9)
SPREADS = {"seed-sd": lambda ious: np.std(ious, ddof=1), "seed-range": np.ptp, "worst-seed-iou": min}


def rows(ious=IOUS, **others):
    """Return a row for each image and seed."""
    return [
        iou_row(image=image, seed=seed, iou=iou, **others)
        for image, values in ious.items()
        for seed, iou in zip(SEEDS, values, strict=True)
    ]


def spreads(table):
    """Return the rows of a mart of measures that are of the seeds, by measure."""
    found = [row for row in table if row["measure"] in SPREADS]
    assert {row["seed"] for row in found} <= {None}
    return {row["measure"]: row for row in found}


@pytest.mark.parametrize("measure", SPREADS)
def test_a_spread_is_the_mean_over_objects_of_each_object_s_own(measure):
    """With an interval as every mean over objects, and under no seed: it is no number of any one."""
    row = spreads(marts(rows())["measures_by_task"])[measure]
    assert row["mean"] == pytest.approx(np.mean([SPREADS[measure](ious) for ious in IOUS.values()]))
    assert row["low"] < row["mean"] < row["high"]
    assert (row["objects"], row["clusters"]) == (5, 5)


@pytest.mark.parametrize("measure", SPREADS)
def test_models_are_compared_by_their_spread(measure):
    """Paired by object: which model minds less how it is asked."""
    steady = {image: [0.5 + ious[0] / 10] * 3 for image, ious in IOUS.items()}
    both = rows(model="sam") + rows(steady, model="ritm", choice="first")
    (row,) = [
        row
        for row in marts(both, of=study(compare=("sam", "ritm")))["differences_by_task"]
        if row["measure"] == measure
    ]
    assert (row["seed"], row["baseline_seed"]) == (None, None)
    expected = [SPREADS[measure](IOUS[image]) - SPREADS[measure](steady[image]) for image in IOUS]
    assert row["mean_difference"] == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("mart", ["measures_by_task", "measures_overall", "differences_by_task", "differences_overall"])
def test_other_measures_keep_their_seeds(mart):
    """Only what is of all seeds together is under none."""
    both = rows(model="sam") + rows(model="ritm", choice="first")
    table = marts(both, of=study(compare=("sam", "ritm")))[mart]
    assert {row["measure"] for row in table if row["seed"] is None} == set(SPREADS)
    assert {row["seed"] for row in table if row["measure"] == "iou"} == set(SEEDS)


def test_one_seed_has_no_spread():
    """Nothing was repeated."""
    assert not spreads(marts([iou_row(image=image) for image in "abc"])["measures_by_task"])


def test_an_object_that_lacks_a_seed_has_no_spread():
    """Two values of three would spread less."""
    lacking = [row for row in rows() if (row["image"], row["seed"]) != ("c", 5)]
    row = spreads(marts(lacking)["measures_by_task"])["seed-range"]
    assert (row["objects"], row["mean"]) == (4, pytest.approx(np.mean([0.7, 0, 0.3, 0.2])))


def test_every_click_has_its_own_spread():
    """0.2 and 0.4 at the first, 0.5 and 0.6 at the second."""
    clicked = click_rows([0.2, 0.5], seed=4) + click_rows([0.4, 0.6], seed=5)
    table = [row for row in marts(clicked)["measures_by_task"] if row["measure"] == "seed-range"]
    assert [(row["step"], row["mean"]) for row in table] == [(1, pytest.approx(0.2)), (2, pytest.approx(0.1))]


def test_a_click_at_which_one_seed_had_stopped_has_no_spread():
    """Its later rows are no scores of clicks."""
    stopped = [row | {"status": "target" if row["step"] == 2 else "ok"} for row in click_rows([0.2, 0.5], seed=4)]
    table = marts(stopped + click_rows([0.4, 0.6], seed=5))["measures_by_task"]
    assert [row["step"] for row in table if row["measure"] == "seed-range"] == [1]
