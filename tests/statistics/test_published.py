"""The published figures: complete, beside a study's own means, and through this project's statistics."""

import csv
from typing import get_args

import pytest
from scipy.stats import spearmanr

from job.statistics.reference import published
from job.study.model import PublishedName
from tests.cases import medsam_job
from tests.shared import SHARED, needs_shared
from tests.statistics.tables import click_rows, iou_row, marts, only, study

TASKS = {  # of each data set, as the study names them
    "MRI-Spine": {"GM", "SC"}, "MRI-Heart": {"heart"}, "MRI-Prostate": {"prostate"},
    "MRI-Brain": {"Core", "Edema", "GD"},
    "MRI-Breast": {"Breast", "FGT"}, "Xray-Chest": {"lungs"}, "Xray-Hip": {"Ilium", "Femur"}, "US-Breast": {"lesion"},
    "US-Kidney": {"kidney"}, "US-Muscle": {"muscle"}, "US-Nerve": {"nerve"}, "US-Ovarian-Tumor": {"tumour"},
    "CT-Colon": {"foreground"}, "CT-HepaticVessel": {"foreground"}, "CT-Pancreas": {"foreground"},
    "CT-Spleen": {"foreground"}, "CT-Liver": {"foreground"}, "PET-Whole-Body": {"lesion"},
    "CT-Organ": {"Liver", "Bladder", "Lung", "Kidney", "Bone"},
}  # fmt: skip


def test_the_published_tasks_have_our_names():
    """28 tasks of 19 data sets."""
    tasks = {}
    for row in published().to_pylist():
        tasks.setdefault(row["dataset"], set()).add(row["task"])
    assert tasks == TASKS
    assert sum(map(len, tasks.values())) == 28


def test_a_spec_may_name_exactly_the_published_models():
    """The names that the schema accepts as `published`."""
    assert set(get_args(PublishedName)) == set(published()["model"].to_pylist())


@needs_shared
def test_every_published_figure_is_stored_once():
    """The same values as in the transcribed tables."""
    with (SHARED / "paper/published_iou.csv").open() as file:
        expected = sorted(float(entry["mean_iou"]) for entry in csv.DictReader(file))
    assert sorted(published()["mean_iou"].to_pylist()) == expected


def test_the_published_crossing_is_reproduced():
    """With the published means as rows, RITM passes SAM at 6 clicks."""
    rows = [
        iou_row(f"{mean['dataset']}: {mean['task']}", mean["mean_iou"], model=mean["model"], choice=mean["mask_choice"],
                step=mean["step"], prompt="clicks", protocol="mazurowski2023")
        for mean in published().to_pylist()
        if mean["protocol"] == "mazurowski2023" and mean["model"] in ("sam_vit_h", "ritm_h32")
    ]  # fmt: skip
    crossings = marts(rows, of=study(compare=("sam_vit_h", "ritm_h32")))["crossing"]
    overall = {row["mask_choice"]: row["crossing"] for row in crossings if row["task"] is None}
    assert overall["first"] == 6


def beside_published_sam(rows):
    """Compute the marts of rows whose model names the published SAM."""
    spec = study(datasets=tuple(sorted({row["dataset"] for row in rows})))
    models = tuple(model.model_copy(update={"published": "sam_vit_h"}) for model in spec.models)
    return marts(rows, of=spec.model_copy(update={"models": models}))


def test_a_mean_stands_beside_the_published_one():
    """By data set, task, prompt and mask choice; a task that was not published has no row."""
    rows = [iou_row(task, 0.9, dataset="MRI-Heart") for task in ("heart", "unpublished")]
    row = only(beside_published_sam(rows)["against_published"])
    assert (row["task"], row["mean_iou"]) == ("heart", 0.9)
    assert row["difference"] == pytest.approx(0.9 - row["published_iou"])


def test_data_sets_that_share_a_published_name_are_compared_as_one():
    """Two objects of 0.5 and one of 0.8: their mean is 0.6, not the mean of two means."""
    rows = [iou_row("lungs", iou, dataset=name) for name, iou in (("MCU", 0.5), ("MCU", 0.5), ("CHN", 0.8))]
    for number, row in enumerate(rows):
        row["image"] = f"{number}.png"
    spec = study(datasets=("MCU", "CHN"))
    named = tuple(dataset.model_copy(update={"published_as": "Xray-Chest"}) for dataset in spec.datasets)
    models = tuple(model.model_copy(update={"published": "sam_vit_h"}) for model in spec.models)
    tables = marts(rows, of=spec.model_copy(update={"models": models, "datasets": named}))
    row = only(tables["against_published"])
    assert (row["dataset"], row["task"], row["objects"]) == ("Xray-Chest", "lungs", 3)
    assert row["mean_iou"] == pytest.approx(0.6)
    assert [row["dataset"] for row in tables["task_scores"]] == ["CHN", "MCU"]


def test_a_protocol_that_was_not_published_stands_beside_nothing():
    """`ritm` is the field's own protocol."""
    rows = click_rows([0.5], task="heart", dataset="MRI-Heart", choice="first")
    assert beside_published_sam(rows)["against_published"] == []


def sam_boxes():
    """Return the published means of SAM with whole boxes."""
    return [
        mean
        for mean in published().to_pylist()
        if (mean["model"], mean["mask_choice"], mean["prompt"]) == ("sam_vit_h", "first", "whole_box")
    ]


@pytest.mark.parametrize(("sign", "rho"), [(1, 1.0), (-1, -1.0)], ids=["itself", "reversed"])
def test_the_published_ranking_correlates_with_itself(sign, rho):
    """Over its 28 tasks."""
    rows = [
        iou_row(mean["task"], 0.5 + sign * (mean["mean_iou"] - 0.5), dataset=mean["dataset"]) for mean in sam_boxes()
    ]
    row = only(beside_published_sam(rows)["against_published_overall"])
    assert (row["tasks"], row["rank_correlation"]) == (28, pytest.approx(rho))


def test_the_correlation_of_the_task_means_is_scipys_with_ties():
    """Our means in steps of a quarter."""
    rows = [iou_row(mean["task"], index % 5 / 4, dataset=mean["dataset"]) for index, mean in enumerate(sam_boxes())]
    row = only(beside_published_sam(rows)["against_published_overall"])
    expected = spearmanr([row["iou"] for row in rows], [mean["mean_iou"] for mean in sam_boxes()])
    assert row["rank_correlation"] == pytest.approx(expected.statistic)


def test_the_mean_over_tasks_is_compared_with_the_published_one():
    """Half of each published mean: their mean difference is minus half of the published mean."""
    means = [mean["mean_iou"] for mean in sam_boxes()]
    rows = [iou_row(mean["task"], mean["mean_iou"] / 2, dataset=mean["dataset"]) for mean in sam_boxes()]
    row = only(beside_published_sam(rows)["against_published_overall"])
    assert row["published_iou"] == pytest.approx(sum(means) / 28)
    assert row["difference"] == pytest.approx(-sum(means) / 56, abs=1e-6)
    assert row["absolute_difference"] == pytest.approx(-row["difference"])


def test_two_tasks_are_not_ranked():
    """Three are."""
    for tasks, ranked in ((2, False), (3, True)):
        rows = [iou_row(mean["task"], 0.1 * k, dataset=mean["dataset"]) for k, mean in enumerate(sam_boxes()[:tasks])]
        row = only(beside_published_sam(rows)["against_published_overall"])
        assert (row["rank_correlation"] is not None) is ranked


def test_the_published_figures_can_be_printed(monkeypatch, capfd):
    """As CSV for programs."""
    assert medsam_job(monkeypatch, "reference", "--format", "csv") == 0
    assert len(capfd.readouterr().out.splitlines()) == 1541
