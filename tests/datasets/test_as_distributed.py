"""The study's data sets are read as they are distributed: miniatures in their own layouts, pixel by pixel."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from job.datasets import load as load_module
from job.datasets.discover import discover
from job.statistics.reference import published
from job.storage import InputCache
from job.study import load as load_spec
from job.study.dataset import Dataset, Slices
from tests.cases import medsam_job, use_fake_models
from tests.shared import SHARED, needs_shared

SPECS = Path("specs/mazurowski2023")
SPEC = SPECS / "all.yaml"
TASKS = {"colon", "vessel", "pancreas", "spleen", "liver"}
"""Names in the miniatures of what the study calls foreground."""

pytestmark = needs_shared


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The study over the miniatures, and their folder."""
    folder = tmp_path_factory.mktemp("mini")
    environment = {"DATA": str(folder), "WEIGHTS": "w", "RESULTS": "r"}
    study = load_spec(SPEC, environment).study
    names = [dataset.name for dataset in study.datasets]
    subprocess.run([sys.executable, SHARED / "datasets/make_mini.py", folder, *names], check=True, capture_output=True)
    return study, folder


NAMES = [
    "MRI-Spine", "MRI-Heart", "MRI-Prostate", "MRI-Brain", "MRI-Breast", "Xray-Chest", "Xray-Hip", "US-Breast",
    "US-Kidney", "US-Muscle", "US-Nerve", "US-Ovarian-Tumor", "CT-Colon", "CT-HepaticVessel", "CT-Pancreas",
    "CT-Spleen", "CT-Liver", "CT-Organ", "PET-Whole-Body",
]  # fmt: skip


def objects_of(dataset, folder):
    """Count the objects of a data set by task, slice and pixels; no file has an error."""
    cache = InputCache(folder / "cache", 10**9)
    objects = Counter()
    for source in discover(dataset):
        loaded = load_module.load(dataset, source, None, cache, 10**8)
        assert [line for line in loaded.left_out if line.kind == "error"] == []
        objects.update(
            (obj.task, sample.slice, obj.truth_HW.shape, obj.truth_HW.tobytes())
            for sample in loaded.samples
            for obj in sample.objects
        )
    return objects


def drawn_objects(folder, name):
    """Count the objects that the generator drew, as `objects_of` does."""
    expected = Counter()
    with np.load(folder / f"{name}.expected.npz") as drawn:
        for key in drawn.files:
            task, slice_, _ = key.split("|")
            mask_HW = drawn[key].astype(bool)
            expected["foreground" if task in TASKS else task, int(slice_), mask_HW.shape, mask_HW.tobytes()] += 1
    return expected


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_found_pixel_by_pixel(study, name):
    """As the miniature's generator drew it. LiTS without the volumes that lost their orientation."""
    spec, folder = study
    (dataset,) = (dataset for dataset in spec.datasets if dataset.name == name)
    objects = objects_of(dataset.model_copy(update={"slices": Slices()}), folder)
    expected = drawn_objects(folder, name)
    assert objects
    assert objects <= expected if name == "CT-Liver" else objects == expected


def test_the_keys_in_a_comment_show_three_sequences_of_a_brain(study):
    """As red, green and blue: the same objects in colour."""
    folder = study[1]
    text = (SPECS / "MRI-Brain.yaml").read_text().replace("${DATA}", str(folder))
    commented = yaml.safe_load("\n".join(re.findall(r"^#   ( *\w+:.*)$", text, re.MULTILINE)))
    assert commented.keys() == {"channels", "intensity"}
    dataset = Dataset.model_validate({**yaml.safe_load(text), **commented, "slices": {}}, strict=False)
    assert objects_of(dataset, folder) == drawn_objects(folder, "MRI-Brain")
    (source, *_) = discover(dataset)
    assert [files[0].address.rpartition("_")[2] for files in source.channels.values()] == [
        "flair.nii.gz",
        "t1ce.nii.gz",
        "t2.nii.gz",
    ]


def test_the_keys_in_a_comment_read_pet_as_dicom(tmp_path):
    """Those of PET-Whole-Body for the files of TCIA. The miniature's headers lack what SUV needs: its values stay."""
    make = [sys.executable, SHARED / "datasets/make_mini.py", tmp_path, "PET-Whole-Body-DICOM"]
    subprocess.run(make, check=True, capture_output=True)
    text = (SPECS / "PET-Whole-Body.yaml").read_text().replace("${DATA}", str(tmp_path))
    commented = yaml.safe_load("\n".join(re.findall(r"^#   (\w+: .*)", text, re.MULTILINE)))
    stated = {**yaml.safe_load(text), **commented, "intensity": {"scale": "minmax"}, "slices": {}}
    dataset = Dataset.model_validate(stated, strict=False)
    assert Dataset.model_validate(stated | commented, strict=False).intensity.suv == (0, 10)
    assert commented.keys() == {"images", "series", "masks", "tasks", "intensity"}
    assert objects_of(dataset, tmp_path) == drawn_objects(tmp_path, "PET-Whole-Body-DICOM")


def test_data_sets_and_tasks_have_their_published_names(study):
    """All 19 data sets and 28 tasks, each data set in the file of its name."""
    ours = {(dataset.name, task) for dataset in study[0].datasets for task in dataset.tasks}
    assert ours == {(row["dataset"], row["task"]) for row in published().to_pylist()}
    assert len(ours) == 28
    assert [dataset.name for dataset in study[0].datasets] == NAMES
    assert {path.stem for path in SPECS.iterdir()} == {*NAMES, "all", "v1"}


def test_the_first_version_has_eleven_of_the_data_sets(study):
    """With the same tasks, models and prompts."""
    first = load_spec(SPECS / "v1.yaml", {"DATA": str(study[1]), "WEIGHTS": "w", "RESULTS": "r"}).study
    assert {dataset.name for dataset in first.datasets} == {
        "US-Breast", "Xray-Chest", "MRI-Spine", "MRI-Heart", "CT-Liver", "PET-Whole-Body", "MRI-Prostate", "US-Kidney",
        "MRI-Brain", "Xray-Hip", "CT-Organ",
    }  # fmt: skip
    assert all(dataset in study[0].datasets for dataset in first.datasets)
    assert (first.models, first.prompts, first.statistics) == (study[0].models, study[0].prompts, study[0].statistics)


def test_the_study_runs_to_its_end_under_the_published_names(study, tmp_path, monkeypatch, capfd):
    """`validate` and the run end with 0. Quick models stand in for SAM and RITM; each is compared in all 28 tasks."""
    for name in ("sam_vit_h_4b8939.pth", "coco_lvis_h32_itermask.pth"):
        (tmp_path / name).write_bytes(b"weights")
    for name, value in (("DATA", study[1]), ("WEIGHTS", tmp_path), ("RESULTS", tmp_path)):
        monkeypatch.setenv(name, str(value))
    spec = tmp_path / "study.yaml"
    text = re.sub(r"\n +sha256: .*", "", SPEC.read_text()).replace("device: cuda", "device: cpu")
    text = text.replace("!include ", f"!include {SPECS.absolute()}/")
    spec.write_text(text)
    use_fake_models(monkeypatch)
    assert medsam_job(monkeypatch, "validate", spec, "--full") == 0
    assert "the spec is sound" in capfd.readouterr().out
    assert medsam_job(monkeypatch, spec) == 0
    rows = pq.read_table(tmp_path / "mazurowski2023/summary/against_published.parquet").to_pylist()
    compared = {(row["model"], row["dataset"], row["task"]) for row in rows if row["published_iou"] is not None}
    assert len(compared) == 2 * 28
