"""The published figures: under this project's names, beside our own, and through our own statistics."""

import csv
from typing import get_args

import pytest

from job.statistics import published
from job.study.model import PublishedName
from tests.cases import medsam_job
from tests.shared import SHARED, needs_shared
from tests.statistics.tables import click_rows, marts, row, study

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
    found = {}
    for one in published().to_pylist():
        found.setdefault(one["dataset"], set()).add(one["task"])
    assert found == TASKS
    assert sum(map(len, found.values())) == 28


def test_a_spec_may_name_exactly_the_published_models():
    """As columns that its own are laid beside."""
    assert set(get_args(PublishedName)) == set(published()["model"].to_pylist())


@needs_shared
def test_every_published_figure_is_there():
    """The same values as in the reference, each once."""
    with (SHARED / "paper/published_iou.csv").open() as file:
        expected = sorted(float(one["mean_iou"]) for one in csv.DictReader(file))
    assert sorted(published()["mean_iou"].to_pylist()) == expected


def test_the_published_crossing_comes_out():
    """Fed in as rows, RITM passes SAM at 6 clicks."""
    tasks = [one for one in published().to_pylist() if one["protocol"] == "mazurowski2023"]
    rows = [
        row(f"{one['dataset']}: {one['task']}", one["mean_iou"], model=one["model"], choice=one["mask_choice"],
            step=one["step"], prompt="clicks", protocol="mazurowski2023")
        for one in tasks
        if one["model"] in ("sam_vit_h", "ritm_h32")
    ]  # fmt: skip
    found = marts(rows, of=study(compare=("sam_vit_h", "ritm_h32")))["crossing"]
    overall = {one["mask_choice"]: one["crossing"] for one in found if one["task"] is None}
    assert overall["first"] == 6


def beside(rows):
    """Lay rows beside the published SAM."""
    of = study(datasets=sorted({one["dataset"] for one in rows}))
    models = tuple(model.model_copy(update={"published": "sam_vit_h"}) for model in of.models)
    return marts(rows, of=of.model_copy(update={"models": models}))


def test_our_means_stand_beside_the_published_ones():
    """By data set, task, prompt, mask choice."""
    rows = [row("heart", 0.9, dataset="MRI-Heart"), row("unpublished", 0.9, dataset="MRI-Heart")]
    (found,) = beside(rows)["against_published"]
    assert (found["task"], found["mean_iou"]) == ("heart", 0.9)
    assert found["difference"] == pytest.approx(0.9 - found["published_iou"])


def test_only_what_was_published_is_compared():
    """Not the field's own protocol."""
    assert beside(click_rows([0.5], task="heart", dataset="MRI-Heart", choice="first"))["against_published"] == []


def test_the_published_ranking_correlates_with_itself():
    """And a reversed one against it."""
    tasks = [
        one for one in published().to_pylist()
        if (one["model"], one["mask_choice"], one["prompt"]) == ("sam_vit_h", "first", "whole_box")
    ]  # fmt: skip
    for sign, expected in ((1, 1.0), (-1, -1.0)):
        rows = [row(one["task"], 0.5 + sign * (one["mean_iou"] - 0.5), dataset=one["dataset"]) for one in tasks]
        (found,) = beside(rows)["against_published_overall"]
        assert (found["tasks"], found["rank_correlation"]) == (28, pytest.approx(expected))


def test_the_published_figures_can_be_printed(monkeypatch, capfd):
    """As CSV for programs."""
    assert medsam_job(monkeypatch, "reference", "--format", "csv") == 0
    assert len(capfd.readouterr().out.splitlines()) == 1541
