"""Images, masks and patients of `../shared/cases` and of the miniature data sets: links, masks beside images, names."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from job.datasets import load as load_module
from job.datasets.discover import survey
from job.datasets.inventory import inventory
from job.datasets.load import Loaded
from job.storage import InputCache
from job.study import load as load_spec
from job.study.dataset import Dataset
from tests.datasets.make import MAX_PX
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that makes the files of a case, here, and returns its data sets by name."""

    def make(name: str) -> dict[str, Dataset]:
        subprocess.run([sys.executable, SHARED / "cases" / f"{name}.py"], cwd=tmp_path, check=True)
        monkeypatch.chdir(tmp_path)
        return {data.name: data for data in load_spec(SHARED / "cases" / f"{name}.yaml").study.datasets}

    return make


def loaded(data: Dataset) -> Loaded:
    """Load a whole data set of the working folder."""
    whole = Loaded()
    for source in survey(data).sources:
        part = load_module.load(data, source, None, InputCache(Path("cache").absolute(), 1 << 30), MAX_PX)
        whole.samples.extend(part.samples)
        whole.left_out.extend(part.left_out)
    return whole


def changed(data: Dataset, **changes: object) -> Dataset:
    """Return a data set with other settings, which are checked."""
    return Dataset.model_validate(data.model_dump(by_alias=True, exclude_unset=True) | changes, strict=False)


def test_linked_folders_are_followed_and_dead_links_are_errors(case) -> None:
    """Three patients are evaluated; the fourth was not fetched."""
    data = case("linked_folders")["D"]
    whole = loaded(data)
    assert [sample.patient for sample in whole.samples] == ["p1", "p2", "p3"]
    (line,) = whole.left_out
    assert (line.image, line.kind, line.reason) == ("p4/image.png", "error", "dead link")
    assert ".git/annex/objects/not-fetched" in line.detail
    assert str(inventory(data, survey(data))) == (
        "D: 4 images, 4 patients (p1, p2, p3, …); 1 link that leads nowhere (p4/image.png)"
    )


def test_masks_beside_images_are_no_images(case) -> None:
    """Four images of two patients, without an error."""
    data = case("masks_beside_images")["D"]
    whole = loaded(data)
    assert (len(whole.samples), whole.left_out) == (4, [])
    first, second = "TCGA_CS_4941_19960909", "TCGA_DU_5849_19950405"
    assert str(inventory(data, survey(data))) == (
        f"D: 4 images, 2 patients ({first}, {second}); 4 files that `images` matches are masks of other images "
        f"({first}/{first}_12_mask.tif, {first}/{first}_1_mask.tif, {second}/{second}_12_mask.tif, …)"
    )


def test_two_slides_of_a_person_are_one_patient(case) -> None:
    """The first field takes as little as it can."""
    data = case("patients_tcga")["nuclei"]
    assert [source.patient for source in survey(data).sources] == ["TCGA-18-5592", "TCGA-18-5592", "TCGA-38-6178"]
    assert str(inventory(data, survey(data))) == "nuclei: 3 images, 2 patients (TCGA-18-5592, TCGA-38-6178)"


def test_an_overlooked_mask_is_told_and_the_union_can_be_asked_for(case) -> None:
    """The second lesion of the third image."""
    data = case("busi_masks")["any"]
    _, _, third = survey(data).sources
    assert survey(data).unused_masks == ("benign/benign (3)_mask_1.png",)
    assert len(third.masks["lesion"]) == 1
    both = changed(data, masks="{kind}/{stem}_mask*.png")
    *_, sample = loaded(both).samples
    rows, columns = np.mgrid[:96, :96]
    lesions = ((columns - 30) ** 2 + (rows - 36) ** 2 <= 196) | ((columns - 70) ** 2 + (rows - 64) ** 2 <= 100)
    assert np.array_equal(sample.objects[0].truth_HW, lesions)


def mini(folder: Path, *names: str) -> None:
    """Make miniature data sets below a folder."""
    subprocess.run([sys.executable, SHARED / "datasets/make_mini.py", folder, *names], check=True, capture_output=True)


def expected(folder: Path, name: str) -> list[tuple[str, int, NDArray[np.bool_]]]:
    """Return task, slice and mask of each object that a reader must find."""
    with np.load(folder / f"{name}.expected.npz") as file:
        return [(key.split("|")[0], int(key.split("|")[1]), file[key]) for key in file.files]


MINIATURES: dict[str, dict[str, object]] = {
    "MRI-Spine": {
        "images": "training-data-gm-sc-challenge-ismrm16-v20160302b/{case}-image.nii.gz",
        "masks": "training-data-gm-sc-challenge-ismrm16-v20160302b/{case}-mask-r1.nii.gz",
        "patient": "{case}",
        "tasks": {"GM": 1, "SC": [1, 2]},
    },
    "MRI-Prostate": {
        "images": "Processed_data_nii/{site}/Case{n:int}.nii.gz",
        "masks": [
            "Processed_data_nii/{site}/{stem}_segmentation.nii.gz",
            "Processed_data_nii/{site}/{stem}_Segmentation.nii.gz",
        ],
        "patient": "{site}-{stem}",
        "tasks": {"prostate": "any"},
    },
    "Xray-Chest": {
        "images": "Lung Segmentation/CXR_png/*.png",
        "masks": ["Lung Segmentation/masks/{stem}_mask.png", "Lung Segmentation/masks/{name}"],
        "unlabelled": "skip",
        "tasks": {"lungs": "any"},
    },
    "US-Breast": {
        "images": "Dataset_BUSI_with_GT/{kind}/{kind} ({n:int}).png",
        "masks": "Dataset_BUSI_with_GT/{kind}/{stem}_mask*.png",
        "tasks": {"lesion": "any"},
    },
    "US-Muscle": {
        "images": "Polito-Radboud-DeepLearningUS/{muscle}/{group}/Images/*.png",
        "masks": "Polito-Radboud-DeepLearningUS/{muscle}/{group}/Masks/{name}",
        "tasks": {"muscle": "any"},
    },
    "US-Nerve": {
        "images": "train/{subject:int}_{n:int}.tif",
        "masks": "train/{stem}_mask.tif",
        "patient": "{subject}",
        "tasks": {"nerve": "any"},
    },
    "US-Ovarian-Tumor": {
        "images": "OTU_2d/images/*.JPG",
        "masks": "OTU_2d/annotations/{stem}_binary.PNG",
        "tasks": {"tumour": "any"},
    },
}


@pytest.mark.parametrize("name", MINIATURES)
def test_a_miniature_is_read_as_distributed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Every object, pixel by pixel, and no error."""
    mini(tmp_path, name)
    monkeypatch.chdir(tmp_path / name)
    whole = loaded(Dataset.model_validate({"name": name, "modality": "X", **MINIATURES[name]}, strict=False))
    assert [line for line in whole.left_out if line.kind == "error"] == []
    found = [(obj.task, sample.slice, obj.truth_HW) for sample in whole.samples for obj in sample.objects]
    wanted = expected(tmp_path, name)
    assert sorted(item[:2] for item in found) == sorted(item[:2] for item in wanted)
    for task, index, mask in wanted:
        assert any((task, index) == item[:2] and np.array_equal(item[2], mask) for item in found)


def test_the_images_with_one_mask_are_those_of_the_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`join: single` leaves out the images with several masks, without an error."""
    mini(tmp_path, "US-Breast")
    monkeypatch.chdir(tmp_path / "US-Breast")
    settings = {"name": "US-Breast", "modality": "US", **MINIATURES["US-Breast"], "join": "single"}
    whole = loaded(Dataset.model_validate(settings, strict=False))
    assert [sample.image for sample in whole.samples] == ["benign/benign (1).png"]
    assert [(line.image, line.kind, line.reason) for line in whole.left_out if line.kind != "warning"] == [
        ("benign/benign (4).png", "empty", "several masks"),
        ("malignant/malignant (53).png", "empty", "several masks"),
        ("normal/normal (1).png", "empty", "no object"),
    ]


def test_the_raters_of_a_volume_vote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four raters, those but the first leave out slices 2, 0, 1 in turn: three of four mark each of these slices."""
    mini(tmp_path, "MRI-Spine")
    monkeypatch.chdir(tmp_path / "MRI-Spine")
    masks = "training-data-gm-sc-challenge-ismrm16-v20160302b/{case}-mask-r?.nii.gz"
    settings = {"name": "MRI-Spine", "modality": "MRI", **MINIATURES["MRI-Spine"], "masks": masks}
    slices = {}
    for join in ("union", "majority", {"at_least": 4}):
        whole = loaded(Dataset.model_validate({**settings, "join": join}, strict=False))
        slices[str(join)] = [
            sample.slice
            for sample in whole.samples
            if sample.patient == "site1-sc01" and sample.objects[0].task == "GM"
        ]
        if join != {"at_least": 4}:
            found = [(obj.task, sample.slice, obj.truth_HW) for sample in whole.samples for obj in sample.objects]
            for task, index, mask in expected(tmp_path, "MRI-Spine"):
                assert any((task, index) == item[:2] and np.array_equal(item[2], mask) for item in found)
    assert slices == {"union": [1, 2, 3], "majority": [1, 2, 3], "{'at_least': 4}": [3]}
