"""Images of a plan are read again as a run read them, and only while their content is the planned one."""

import dataclasses
import gzip
import os
import shutil

import nibabel as nib
import numpy as np
import pytest

from job.datasets.discover import discover
from job.datasets.load import load
from job.errors import JobError
from job.plan.images import PlannedImages
from job.plan.make import make
from job.storage import InputCache
from job.study import loads
from tests.cases import draw_case
from tests.datasets.make import nifti

SPEC = """\
study: again
datasets:
  - name: A
    modality: CT
    images: ${{DATA}}/images/*
    masks: ${{DATA}}/masks/{{name}}
    tasks: {{t: any}}
    intensity: {intensity}
    slices: {{axis: {axis}}}
models: [{{name: lite, family: lite_medsam}}]
prompts: [{{modes: [whole_box]}}]
"""


@pytest.fixture
def cache(tmp_path):
    """A folder of copies, which local files need not."""
    return InputCache(tmp_path / "cache", 1 << 30)


def planned(data, cache, axis="axial", intensity="{scale: minmax}"):
    """Return what reads the images of a study of the files below a folder, and its spec."""
    spec = loads(SPEC.format(axis=axis, intensity=intensity), environment={"DATA": str(data)})
    return PlannedImages(plan=make(spec, cache), study=spec.study, cache=cache), spec


def samples(spec, cache):
    """Return what a run reads."""
    (dataset,) = spec.study.datasets
    return [sample for source in discover(dataset) for sample in load(dataset, source, None, cache, 10**8).samples]


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize(
    "intensity", ["{scale: minmax}", "{percentiles: [5, 95], per: volume}", "{window: [300, 400]}"]
)
def test_slices_are_those_of_the_run(tmp_path, cache, axis, intensity):
    """To the last bit, with the levels of the whole volume."""
    values = np.random.default_rng(3).integers(0, 900, (7, 8, 9)).astype(np.int16)
    affine = np.array([[0, -2, 0, 5], [1, 0, 0, 7], [0, 0, -3, 9], [0, 0, 0, 1]])
    for kind, array in (("images", values), ("masks", (values > 500).astype(np.uint8))):
        nifti(tmp_path / "data" / kind / "v.nii.gz", array, affine)
    images, spec = planned(tmp_path / "data", cache, axis, intensity)
    loaded = samples(spec, cache)
    again = images.read("A", "v.nii.gz", {sample.slice for sample in loaded})
    assert len(loaded) > 5
    assert all(np.array_equal(again[sample.slice], sample.image_HWC) for sample in loaded)


def test_a_2d_image_is_that_of_the_run(tmp_path, cache):
    """Its number is 0; its mask need not be there."""
    draw_case(tmp_path / "data", "a.png", seed=1)
    images, spec = planned(tmp_path / "data", cache)
    (sample,) = samples(spec, cache)
    shutil.rmtree(tmp_path / "data/masks")
    assert np.array_equal(images.read("A", "a.png", [0])[0], sample.image_HWC)


def test_an_image_that_has_changed_is_refused(tmp_path, cache):
    """Other content under the same name, of the same size in bytes."""
    draw_case(tmp_path / "data", "a.png", seed=1)
    images, _ = planned(tmp_path / "data", cache)
    file = tmp_path / "data/images/a.png"
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(JobError, match=r"a\.png: changed since it was planned"):
        images.read("A", "a.png", [0])


def test_a_touched_image_has_not_changed(tmp_path, cache):
    """Its content counts, not its time."""
    draw_case(tmp_path / "data", "a.png", seed=1)
    images, _ = planned(tmp_path / "data", cache)
    os.utime(tmp_path / "data/images/a.png", (1, 1))
    assert images.read("A", "a.png", [0])[0].shape == (48, 48, 3)


def test_data_that_moved_are_found_by_the_spec(tmp_path, cache):
    """If the variable now names their new place, and the content is the same."""
    draw_case(tmp_path / "data", "a.png", seed=1)
    images, spec = planned(tmp_path / "data", cache)
    (sample,) = samples(spec, cache)
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    with pytest.raises(JobError, match="nothing is there"):
        images.read("A", "a.png", [0])
    _, moved = planned(tmp_path / "elsewhere", cache)
    images = dataclasses.replace(images, study=moved.study)
    assert np.array_equal(images.read("A", "a.png", [0])[0], sample.image_HWC)
    draw_case(tmp_path / "elsewhere", "a.png", seed=2)
    with pytest.raises(JobError, match="nothing is there"):
        images.read("A", "a.png", [0])


def test_an_error_shows_no_name_that_a_pseudonym_hides(tmp_path, cache):
    """It may be printed, and stand in a page."""
    draw_case(tmp_path / "data", "Jane Doe.png", seed=1)
    text = SPEC.format(axis="axial", intensity="{scale: minmax}").replace(
        "    tasks", "    pseudonymise: ${DATA}\n    tasks"
    )
    spec = loads(text, environment={"DATA": str(tmp_path / "data")})
    images = PlannedImages(plan=make(spec, cache), study=spec.study, cache=cache)
    ((_, name),) = {(chunk.dataset, unit.source.image) for chunk in images.plan.chunks for unit in chunk.units}
    assert images.read("A", name, [0])[0].shape == (48, 48, 3)
    (tmp_path / "data/images/Jane Doe.png").unlink()
    with pytest.raises(JobError, match=r"^it cannot be read, or has changed since it was planned$"):
        images.read("A", name, [0])


@pytest.mark.parametrize(("old", "new"), [("minmax", "max"), ("axial", "coronal"), ("name: A", "name: B")])
def test_a_spec_that_reads_in_another_way_is_refused(tmp_path, cache, old, new):
    """Its picture would not be the one that the models saw."""
    nifti(tmp_path / "data/images/v.nii.gz", np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    nifti(tmp_path / "data/masks/v.nii.gz", np.ones((3, 4, 5), np.uint8))
    images, _ = planned(tmp_path / "data", cache)
    text = SPEC.format(axis="axial", intensity="{scale: minmax}").replace(old, new)
    other = loads(text, environment={"DATA": str(tmp_path / "data")})
    with pytest.raises(JobError, match="A: this spec, or this version of medsam-job, reads it in another way"):
        dataclasses.replace(images, study=other.study).read("A", "v.nii.gz", [0])


def test_the_geometry_is_that_of_the_file(tmp_path, cache):
    """Of a volume."""
    affine = np.array([[0, -2.0, 0, 5], [1, 0, 0, 7], [0, 0, -3, 9], [0, 0, 0, 1]])
    nifti(tmp_path / "data/images/v.nii.gz", np.arange(60, dtype=np.int16).reshape(3, 4, 5), affine)
    nifti(tmp_path / "data/masks/v.nii.gz", np.ones((3, 4, 5), np.uint8), affine)
    images, _ = planned(tmp_path / "data", cache)
    written = nib.Nifti1Image.from_bytes(gzip.decompress(images.geometry("A", "v.nii.gz").nifti({})))
    assert written.shape == (3, 4, 5)
    assert np.array_equal(written.affine, affine)
