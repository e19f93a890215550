"""Scores by what the objects are: their components, their size, and its correlation with IoU."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.statistics.tables import IMAGE_PX, click_rows, iou_row, marts, object_row, only


def sized(sizes_and_ious, **others):
    """Return rows and objects of (object_px, IoU) pairs, one image each."""
    rows = [iou_row(iou=iou, image=str(index), **others) for index, (_, iou) in enumerate(sizes_and_ious)]
    return rows, [object_row(row, object_px=px) for row, (px, _) in zip(rows, sizes_and_ious, strict=True)]


def test_objects_of_several_components_are_told_from_those_of_one():
    """One component; two and three."""
    rows = [iou_row(iou=iou, image=name) for iou, name in ((0.9, "whole"), (0.3, "two"), (0.5, "three"))]
    objects = [object_row(row, components=components) for row, components in zip(rows, (1, 2, 3), strict=True)]
    contiguity = {row["contiguity"]: row for row in marts(rows, objects=objects)["by_components"]}
    assert {name: row["objects"] for name, row in contiguity.items()} == {"one component": 1, "several components": 2}
    assert contiguity["several components"]["mean_iou"] == pytest.approx(0.4)


def test_tasks_weigh_equally_in_a_bin_of_size_and_of_components():
    """0.9 over three objects of one task, 0.1 over one of another."""
    rows = [iou_row("many", 0.9, image=str(image)) for image in range(3)] + [iou_row("one", 0.1)]
    tables = marts(rows)
    for name in ("by_size", "by_components"):
        row = only(tables[name])
        assert (row["tasks"], row["objects"], row["mean_iou"]) == (2, 4, pytest.approx(0.5))


def test_patients_of_one_name_in_two_data_sets_are_two_patients():
    """Images of one patient are counted as one patient."""
    rows = [iou_row(dataset=dataset, image=image) for dataset, image in (("A", "1"), ("A", "2"), ("B", "1"))]
    tables = marts(rows, objects=[object_row(row, patient="p") for row in rows])
    for name in ("by_components", "by_size", "overall_scores"):
        assert (only(tables[name])["objects"], only(tables[name])["clusters"]) == (3, 2)


@pytest.mark.parametrize(
    ("object_px", "share_from", "share_below"),
    [
        (1, 0, 0.001),
        (9, 0, 0.001),
        (10, 0.001, 0.005),
        (49, 0.001, 0.005),
        (50, 0.005, 0.01),
        (99, 0.005, 0.01),
        (100, 0.01, 0.05),
        (499, 0.01, 0.05),
        (500, 0.05, 0.2),
        (1999, 0.05, 0.2),
        (2000, 0.2, 1),
        (IMAGE_PX, 0.2, 1),
    ],
)
def test_a_bin_of_size_holds_its_lower_edge_and_not_its_upper_one(object_px, share_from, share_below):
    """Shares of an image of 10,000 pixels: on each edge, and one pixel below it. The last bin holds the whole image."""
    rows, objects = sized([(object_px, 0.5)])
    size = only(marts(rows, objects=objects)["by_size"])
    assert (size["share_from"], size["share_below"], size["objects"]) == (share_from, share_below, 1)


def test_tied_sizes_and_tied_scores_share_their_mean_rank():
    """Ranks of size 1.5, 1.5, 3, 4 and of IoU 1, 2.5, 2.5, 4: covariance 3.75, both sums of squares 4.5."""
    rows, objects = sized([(100, 0.2), (100, 0.4), (200, 0.4), (300, 0.6)])
    for row in marts(rows, objects=objects)["size_correlation"]:
        assert row["rho"] == pytest.approx(3.75 / 4.5)


@pytest.mark.parametrize(("sizes", "scores"), [(3, 3), (3, 1000), (1000, 3)], ids=["both", "sizes", "scores"])
def test_the_correlation_of_size_and_score_is_scipys_with_ties(sizes, scores):
    """Many ties in both, or in one; within each of two data sets, and over them by Fisher's z."""
    rng = np.random.default_rng(sizes + scores)
    pairs = [(int(px), int(iou) / 1000) for px, iou in rng.integers(1, [sizes + 1, scores + 1], (50, 2))]
    first, second = sized(pairs[:20], dataset="A"), sized(pairs[20:], dataset="B")
    tables = marts(first[0] + second[0], objects=first[1] + second[1])
    rows = {row["dataset"]: row for row in tables["size_correlation"]}
    expected = [spearmanr(*zip(*own, strict=True)).statistic for own in (pairs[:20], pairs[20:])]
    assert [rows["A"]["rho"], rows["B"]["rho"]] == pytest.approx(expected)
    assert rows[None]["rho"] == pytest.approx(np.tanh(np.mean(np.arctanh(expected))))
    assert all(row["low"] < row["rho"] < row["high"] for row in rows.values())
    assert (rows[None]["objects"], rows[None]["clusters"], rows[None]["tasks"]) == (50, 50, 2)


def test_the_size_of_objects_is_compared_within_tasks():
    """Larger objects are worse in both; the data set of large objects is better: pooled, the sign would turn."""
    small, large = (
        sized([(10 + k, 0.2 - 0.01 * k) for k in range(6)]),
        sized([(1000 + k, 0.9 - 0.01 * k) for k in range(6)], dataset="B"),
    )
    rows = marts(small[0] + large[0], objects=small[1] + large[1])["size_correlation"]
    assert [row["rho"] for row in rows] == pytest.approx([-1, -1, -1])


def test_the_first_and_the_last_click_of_each_run_are_correlated_with_size():
    """Click 1 in the order of size, the last click in the opposite order; each click is ranked alone.

    Ranked together with the last click, the scores of click 1 would have the ranks 1, 3 and 6.
    """
    first, last = (0.1, 0.2, 0.9), (0.5, 0.3, 0.15)
    rows = []
    for k in range(3):
        rows += click_rows([first[k], 0.5, last[k]], image=str(k))
        rows += click_rows([first[k], last[k]], image=str(k), model="two clicks")
    objects = [object_row(row, object_px=1 + int(row["image"])) for row in rows if row["step"] == 1]
    correlations = marts(rows, objects=objects[::2])["size_correlation"]
    assert {(row["model"], row["step"]): row["rho"] for row in correlations if row["task"]} == pytest.approx(
        {("m", 1): 1, ("m", 3): -1, ("two clicks", 1): 1, ("two clicks", 2): -1}
    )


def test_equal_sizes_have_no_correlation():
    """Null, not a number."""
    rows, objects = sized([(100, 0.2), (100, 0.4)])
    assert {row["rho"] for row in marts(rows, objects=objects)["size_correlation"]} == {None}
