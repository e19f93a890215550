"""Inputs that an earlier version read wrongly or refused without need: `../shared/cases`, made by their generators."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from job.datasets import load as load_module
from job.datasets.check import look_inside
from job.datasets.discover import discover
from job.datasets.load import Loaded
from job.prompts.clicks import Situation, click_protocol
from job.prompts.draw import Draw
from job.storage import InputCache
from job.study import load as load_spec
from tests.shared import SHARED, needs_shared

MAX_PX = 10**8
DISC_PX = 613  # of the generators' picture: pixels within 14 px of (30, 36)

pytestmark = needs_shared


@pytest.fixture
def case(tmp_path, monkeypatch):
    """Return a function that makes a case and loads its data sets by name."""

    def make(name: str) -> dict[str, list[Loaded]]:
        subprocess.run([sys.executable, SHARED / "cases" / f"{name}.py"], cwd=tmp_path, check=True)
        monkeypatch.chdir(tmp_path)
        cache = InputCache(tmp_path / "cache", 10**9)
        study = load_spec(SHARED / "cases" / f"{name}.yaml").study
        return {
            dataset.name: [load_module.load(dataset, source, None, cache, MAX_PX) for source in discover(dataset)]
            for dataset in study.datasets
        }

    return make


def reasons(loaded: list[Loaded], kind: str = "warning") -> set[str]:
    return {line.reason for source in loaded for line in source.left_out if line.kind == kind}


def object_px(loaded: list[Loaded]) -> list[int]:
    return [int(obj.truth_HW.sum()) for source in loaded for sample in source.samples for obj in sample.objects]


def test_an_image_that_the_intensity_rule_makes_blank_has_a_warning(case):
    """A CT window on HU + 32768, on HU + 1024 and on 0 to 1, and `scale: max` on HU + 32768."""
    loaded = case("window_blank")
    assert set(loaded) == {"offset", "plus1024", "unit", "max"}
    assert all("blank image" in reasons(sources) for sources in loaded.values())


def test_a_label_map_with_greys_has_a_warning_that_names_the_threshold(case):
    """JPEG and resized masks; read by `above: 127`, the disc has its own pixels and no warning."""
    loaded = case("jpeg_mask")
    for name in ("any", "binary255", "resized"):
        assert "grey values in a label map" in reasons(loaded[name])
    assert object_px(loaded["above"]) == [DISC_PX]
    assert not reasons(loaded["above"])


def test_masks_of_0_and_1_beside_masks_of_0_and_255_have_a_warning(case):
    """Under `binary255` and for label 255 their object does not count, which is told; `any` takes both."""
    loaded = case("busi_masks")
    assert "another label" in reasons(loaded["binary255"]) & reasons(loaded["label255"])
    assert "another label" not in reasons(loaded["any"])


def test_labels_that_float32_scaling_moved_are_read(case):
    """With one warning for each task, and both objects."""
    (loaded,) = case("nifti_scaled_labels")["D"]
    assert reasons([loaded], "error") == set()
    assert "labels rounded" in reasons([loaded])
    assert {obj.task for sample in loaded.samples for obj in sample.objects} == {"organ", "lesion"}


@pytest.mark.parametrize("task", ["cup", "disc"])
def test_the_first_click_on_a_label_of_0_is_positive(case, task):
    """REFUGE: 0 is the cup, 128 the rim, 255 the background."""
    (loaded,) = case("label_zero")["REFUGE"]
    (obj,) = (obj for obj in loaded.samples[0].objects if obj.task == task)
    nothing = np.zeros_like(obj.truth_HW)
    situation = Situation(
        truth_HW=obj.truth_HW,
        labelled_HW=obj.labelled_HW,
        prediction_HW=nothing,
        clicked=(),
        step=1,
        draw=Draw(seed=0, image="a", slice=0, task=task),
    )
    click = click_protocol("mazurowski2023").next_click(situation)
    assert click.positive
    assert obj.truth_HW[click.y, click.x]


def test_a_check_before_the_run_finds_the_same_lines(case, tmp_path):
    """Negative values under `scale: max`, and NaN: every image is left out, and `validate` reads the same."""
    loaded = case("validate_negative")
    study = load_spec(SHARED / "cases/validate_negative.yaml").study
    cache = InputCache(Path("cache"), 10**9)
    for dataset in study.datasets:
        (source,) = discover(dataset)
        errors = [line for result in loaded[dataset.name] for line in result.left_out if line.kind == "error"]
        assert errors
        assert look_inside(dataset, source, cache, MAX_PX).findings == errors
