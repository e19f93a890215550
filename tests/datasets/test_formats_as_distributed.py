"""Formats that the field uses besides the study's are read as they are distributed: miniatures, pixel by pixel."""

import json
import subprocess
import sys
from collections import Counter
from shutil import make_archive

import numpy as np
import pytest

from job.datasets import load as load_module
from job.datasets.discover import discover
from job.storage import InputCache
from job.study.dataset import Dataset
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

FORMATS = {
    "fmt-dicom-seg": {
        "images": "@/{patient}/CT/",
        "masks": "@/{patient}/SEG/1-1.dcm",
        "tasks": {"liver": "Liver", "mass": "Mass"},
        "intensity": {"window": "abdomen"},
    },
    "fmt-nrrd": {
        "images": "@/{case}.nrrd",
        "masks": "@/{case}.seg.nrrd",
        "tasks": {"tumour": "tumour", "oedema": "oedema"},
    },
    "fmt-mha": {
        "images": "@/training_data/Case{n:int}.*",
        "masks": "@/training_data/Case{n}_segmentation.m*",
        "except": "*.raw",
        "tasks": {"prostate": 1},
    },
    "fmt-medsam-npz": {
        "images": "@/3D_train_npz_all/*/*.npz#imgs",
        "masks": "{image}#gts",
        "tasks": {"1": 1, "2": 2},
    },
    "fmt-medsegbench-npz": {
        "images": "@/busi_256.npz#test_images[*]",
        "masks": "{image}#test_label[*]",
        "tasks": {"lesion": 1},
    },
    "fmt-coco": {
        "images": "@/images/*.png",
        "masks": "@/annotations/instances_val.json",
        "tasks": {"polyp": "polyp", "instrument": "instrument"},
    },
    "fmt-tiff-stack": {"images": "@/{case}.tif", "masks": "@/{case}_mask.tif", "tasks": {"cell": 1}},
    "fmt-bids": {
        "images": "@/sub-{subject}/{session}/anat/*_T1w.nii.gz",
        "masks": "@/derivatives/labels/sub-{subject}/{session}/anat/{stem}_label-lesion_mask.nii.gz",
        "tasks": {"lesion": 1},
    },
    "fmt-nnunet": {
        "images": "@/Dataset123_Mine/imagesTr/{case}_0000.nii.gz",
        "masks": "@/Dataset123_Mine/labelsTr/{case}.nii.gz",
        "label_names": "@/Dataset123_Mine/dataset.json",
        "tasks": {"PZ": "PZ", "TZ": "TZ"},
    },
    "fmt-msd-4d": {
        "images": "@/Task05_Prostate/imagesTr/*.nii.gz",
        "masks": "@/Task05_Prostate/labelsTr/{name}",
        "channel": 1,
        "tasks": {"PZ": 1, "TZ": 2},
    },
    "fmt-hdf5-mat": {"images": "@/case1.h5#image", "masks": "{image}#label", "axes": "RAS", "tasks": {"organ": 1}},
    "fmt-parquet": {"images": "@/data/*.parquet#image", "masks": "{image}#mask", "tasks": {"lesion": 255}},
    "fmt-zarr": {
        "images": "@/{case}.zarr",
        "masks": "{image}#labels/organ/0",
        "axes": "SAR",
        "tasks": {"organ": 1},
    },
    "fmt-dicom-2d": {"images": "@/dicom/*.dcm", "masks": "@/masks/{stem}.png", "tasks": {"lesion": 255}},
    "fmt-rgb-labels": {
        "images": "@/images/*.png",
        "masks": "@/masks/{name}",
        "tasks": {"benign": {"colour": [0, 255, 0]}, "malignant": {"colour": [255, 0, 0]}},
    },
    "PET-Whole-Body-DICOM": {
        "images": "@/FDG-PET-CT-Lesions/{subject}/{study}/*PET*/",
        "masks": "@/FDG-PET-CT-Lesions/{subject}/{study}/*Segmentation*/1-1.dcm",
        "tasks": {"lesion": "Lesion"},
    },
    "MRI-Breast": {
        "images": "@/Duke-Breast-Cancer-MRI/{case}/{study}/*pre*/",
        "tasks": {
            "Breast": {
                "masks": "@/Segmentation_Masks_NRRD/{case}/Segmentation_{case}_Breast.seg.nrrd",
                "label": "Breast",
            },
            "FGT": {
                "masks": "@/Segmentation_Masks_NRRD/{case}/Segmentation_{case}_Dense_and_Vessels.seg.nrrd",
                "label": "Dense",
            },
        },
    },
}
"""The spec of each miniature; @ stands for its folder."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of all miniatures."""
    folder = tmp_path_factory.mktemp("formats")
    make = [sys.executable, SHARED / "datasets/make_mini.py", folder, *FORMATS]
    subprocess.run(make, check=True, capture_output=True)
    return folder


def objects_of(data, folder):
    """Count the objects of a data set by task, slice and pixels; no file has an error."""
    objects = Counter()
    for source in discover(data):
        loaded = load_module.load(data, source, None, InputCache(folder / "cache", 10**9), 10**8)
        assert [line for line in loaded.left_out if line.kind == "error"] == []
        objects.update(
            (obj.task, sample.slice, obj.truth_HW.shape, obj.truth_HW.tobytes())
            for sample in loaded.samples
            for obj in sample.objects
        )
    return objects


def drawn(folder, name):
    """Count what the miniature's generator drew, as `objects_of` does."""
    objects = Counter()
    with np.load(folder / f"{name}.expected.npz") as expected:
        for key in expected.files:
            task, slice_, _ = key.split("|")
            mask_HW = expected[key].astype(bool)
            objects[task, int(slice_), mask_HW.shape, mask_HW.tobytes()] += 1
    assert objects
    return objects


def mini(name, root):
    """Return the data set of a miniature at a root: a folder, or an archive with its `#`."""
    spec = json.loads(json.dumps(FORMATS[name]).replace("@", str(root)))
    return Dataset.model_validate({"name": "Mini", "modality": "CT", **spec}, strict=False)


@pytest.mark.parametrize("name", FORMATS)
def test_every_object_is_found_pixel_by_pixel(folder, name):
    """As the miniature's generator drew it."""
    assert objects_of(mini(name, folder / name), folder) == drawn(folder, name)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("ending", "form"), [(".zip", "zip"), (".tar", "tar"), (".tar.gz", "gztar")])
def test_every_object_is_found_in_an_archive(folder, name, ending, form, monkeypatch):
    """Whatever the format: a file in an archive is a file."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(folder / "own cache"))
    make_archive(str(folder / name), form, folder / name)
    assert objects_of(mini(name, f"{folder / name}{ending}#"), folder) == drawn(folder, name)
