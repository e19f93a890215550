"""A pattern that ends in a slash matches folders; each is one image, a DICOM series."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job.datasets.discover import discover, survey
from job.errors import StorageError
from job.storage import InputCache
from job.study.dataset import Dataset
from tests.datasets.formats.dicom.written import grid, phantom, slices, stored, write
from tests.datasets.make import load, nifti
from tests.datasets.make import write as write_file

AXIAL = stored(phantom(), grid())


def data(folder: Path, **changes: Any) -> Dataset:
    """Return a data set of a series a patient, whose mask is a NIfTI volume of the same grid."""
    spec = {
        "name": "Test",
        "modality": "CT",
        "images": f"{folder}/{{patient}}/CT/",
        "masks": f"{folder}/{{patient}}/mask.nii",
        "patient": "{patient}",
        "tasks": {"object": {"above": 0}},
        "intensity": {"scale": "minmax"},
    }
    return Dataset.model_validate(spec | changes, strict=False)


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """The folder of a patient with a series, and a mask that is 1 in one voxel."""
    planes, affine = AXIAL
    write(tmp_path / "P1/CT", slices(planes, affine))
    (tmp_path / "P1/CT/.DS_Store").write_bytes(b"of macOS")
    mask = np.zeros(phantom().shape, np.uint8)
    mask[2, 1, 3] = 1
    nifti(tmp_path / "P1/mask.nii", mask, grid())
    return tmp_path / "P1"


def test_a_folder_is_one_image_of_its_files(patient: Path) -> None:
    """Its name is the folder's. Hidden files are no members."""
    (source,) = discover(data(patient.parent))
    assert (source.image, source.patient, source.kind) == ("P1/CT", "P1", "volume")
    assert len(source.file.members) == len(AXIAL[0])  # type: ignore[union-attr]


def test_its_slices_are_evaluated_as_those_of_any_volume(patient: Path) -> None:
    """The mask lies on the same voxels."""
    (sample,) = load(data(patient.parent), patient).samples
    assert (sample.image, sample.slice) == ("P1/CT", 3)
    assert int(sample.objects[0].truth_HW.sum()) == 1


def test_a_series_that_no_folder_holds_leaves_no_image(patient: Path) -> None:
    """Chosen by the header, not by a name."""
    assert len(discover(data(patient.parent, series={"Modality": "ct"}))) == 1
    assert survey(data(patient.parent, series={"Modality": "PT"})).sources == ()


def test_the_content_key_changes_with_each_file(patient: Path) -> None:
    """And with the name of a file, but not with the place of the folder."""
    cache = InputCache(None, 0)

    def key() -> str:
        (source,) = discover(data(patient.parent))
        return cache.content_key(source.file)  # type: ignore[arg-type]

    first = key()
    changed = min((patient / "CT").glob("*.dcm"))
    content = changed.read_bytes()
    changed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    second = key()
    changed.write_bytes(content)
    assert key() == first != second
    changed.rename(changed.with_name("z.dcm"))
    assert key() not in (first, second)


def test_a_member_that_changed_since_the_plan_is_refused(patient: Path) -> None:
    """Of the same size; a file that was only touched is not."""
    (source,) = discover(data(patient.parent))
    planned = InputCache(None, 0).content_key(source.file)  # type: ignore[arg-type]
    cache = InputCache(None, 0, {source.file.address: planned})
    changed = min((patient / "CT").glob("*.dcm"))
    os.utime(changed, (1, 1))
    assert cache.local_file(source.file).members  # type: ignore[arg-type]
    write_file(changed, changed.read_bytes()[:-1] + b"\x77")
    os.utime(changed, (2, 2))
    with pytest.raises(StorageError, match="changed"):
        cache.local_file(source.file)  # type: ignore[arg-type]


def test_the_rows_name_the_window_that_the_header_states(patient: Path) -> None:
    """Of all slices the same."""
    planes, affine = AXIAL
    write(patient / "CT", slices(planes, affine, WindowCenter="10", WindowWidth="40"))
    (sample,) = load(data(patient.parent, intensity={"window": "header"}), patient).samples
    assert sample.intensity == "window(10,40)/slice"


def test_suv_needs_what_the_header_of_pet_must_state(patient: Path) -> None:
    """In g/ml by body weight the values are SUV already; else what is missing is an error of the image."""
    planes, affine = AXIAL
    write(patient / "CT", slices(planes, affine, Modality="PT", Units="GML"))
    (sample,) = load(data(patient.parent, intensity={"suv": [0, 10]}), patient).samples
    assert sample.intensity == "suv(0,10)/slice"
    write(patient / "CT", slices(planes, affine, Modality="PT", Units="BQML"))
    (line,) = load(data(patient.parent, intensity={"suv": [0, 10]}), patient).left_out
    assert (line.kind, line.reason) == ("error", "no SUV")


def test_what_is_no_pet_has_no_suv(patient: Path) -> None:
    """Neither has one slice alone, which does not tell when the scan began: nothing is taken for SUV in silence."""
    (line,) = load(data(patient.parent, intensity={"suv": [0, 10]}), patient).left_out
    assert line.detail.endswith("Modality is CT, expected PT")
    planes, affine = AXIAL
    write(patient / "CT", slices(planes, affine, Modality="PT", Units="GML"))
    (patient / "mask.nii").unlink()
    spec = {"images": f"{patient}/CT/*.dcm", "masks": "{image}", "patient": None}
    lines = load(data(patient.parent, intensity={"suv": [0, 10]}, **spec), patient).left_out
    assert {line.reason for line in lines} == {"no SUV"}
