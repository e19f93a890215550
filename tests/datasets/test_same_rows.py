"""One phantom in many formats and orders of axes gives the same rows: slices, masks, prompts and scores."""

from __future__ import annotations

import tarfile
import zipfile
from itertools import permutations, product

import cv2
import nibabel as nib
import numpy as np
import pyarrow.parquet as pq
import pytest
import SimpleITK
import yaml

from tests.cases import medsam_job, use_fake_models
from tests.datasets.formats.phantom import affine, phantom, stored
from tests.datasets.formats.segments.dicom_writers import dicom_seg, rtstruct, saved, series
from tests.datasets.formats.sitk_image import sitk_image
from tests.datasets.formats.test_zarr import ome

LABELS = phantom()
IMAGE = (np.arange(LABELS.size).reshape(LABELS.shape) % 97 + 100 * LABELS).astype(np.int16)
VALUES, NAMES = {"liver": 1, "tumour": 2}, {"liver": "liver", "tumour": "tumour"}


def nifti(folder, codes):
    for name, values in (("image", IMAGE), ("mask", LABELS)):
        nib.save(nib.Nifti1Image(*stored(values, codes)), folder / f"{name}.nii.gz")
    return "image.nii.gz", "mask.nii.gz", VALUES


def itk(folder, codes, ending):
    for name, values in (("image", IMAGE), ("mask", LABELS)):
        SimpleITK.WriteImage(sitk_image(values, codes), str(folder / f"{name}{ending}"))
    return f"image{ending}", f"mask{ending}", VALUES


def npz(folder):
    np.savez(folder / "a.npz", imgs=stored(IMAGE, "SPL")[0], gts=stored(LABELS, "SPL")[0])
    return "a.npz#imgs", "{image}#gts", VALUES


def channels(folder):
    """Three files of one image, each in an order of its own and of another brightness: together they are grey."""
    for name, codes, factor in (("red", "LPS", 1), ("green", "SAR", 3), ("blue", "IPR", 2)):
        nib.save(nib.Nifti1Image(*stored(factor * IMAGE, codes)), folder / f"{name}.nii.gz")
    nib.save(nib.Nifti1Image(*stored(LABELS, "RAS")), folder / "mask.nii.gz")
    files = {"red": "{image}"} | {name: f"{folder}/{name}.nii.gz" for name in ("green", "blue")}
    return "red.nii.gz", "mask.nii.gz", VALUES, {"channels": files}


def ome_zarr(folder):
    """Slices from inferior to superior, rows to the back, columns to the left: as stacks are read."""
    ome(folder / "image.zarr", values=stored(IMAGE, "SPL")[0])
    ome(folder / "image.zarr/labels/organs", values=stored(LABELS, "SPL")[0])
    return "image.zarr", "{image}#labels/organs", VALUES


def in_zip(folder):
    """An archive for each case, in which names are not ASCII."""
    nifti(folder, "LAS")
    with zipfile.ZipFile(folder / "case1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("image", "mask"):
            archive.write(folder / f"{name}.nii.gz", f"Schädel/{name}.nii.gz")
            (folder / f"{name}.nii.gz").unlink()
    return "{case}.zip#*/image.nii.gz", "{case}.zip#*/mask.nii.gz", VALUES


def in_tar(folder, ending):
    """A DICOM series, as a folder in one archive, and its segments in another."""
    with tarfile.open(folder / f"images{ending}", "w:gz" if "gz" in ending else "w") as archive:
        archive.add(folder / seg(folder, "SPL")[0], "study/CT")
    with zipfile.ZipFile(folder / "labels.zip", "w") as archive:
        archive.write(folder / "seg.dcm", "study/seg.dcm")
    return f"images{ending}#study/*/", "labels.zip#study/seg.dcm", NAMES


def dicom_series(folder, axes):
    """Write the slices under names in no order."""
    (folder / "CT").mkdir()
    for index, item in enumerate(series(axes, IMAGE)):
        saved(item, folder / "CT" / f"{7 * index % 5}.dcm")
    return "CT/"


def seg(folder, axes):
    saved(dicom_seg(axes=axes), folder / "seg.dcm")
    return dicom_series(folder, axes), "seg.dcm", NAMES


def structures(folder, axes):
    """Write contours through the centres of the outermost pixels."""
    regions = {
        name: [contour for z in range(LABELS.shape[2]) for contour in outlines(value, z)]
        for name, value in VALUES.items()
    }
    saved(rtstruct(regions), folder / "rt.dcm")
    return dicom_series(folder, axes), "rt.dcm", NAMES


def outlines(value, z):
    """Yield the outlines of a label in an axial slice, corners in mm in RAS+."""
    found, _ = cv2.findContours((LABELS[:, :, z] == value).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in found:
        rows_columns = contour[:, 0, ::-1]  # OpenCV's points are (column, row); here rows are x and columns y
        voxels = np.column_stack([rows_columns, np.full(len(contour), z), np.ones(len(contour))])
        yield (affine() @ voxels.T).T[:, :3]


ORDERS = ["".join(codes) for axes in permutations(("RL", "AP", "SI")) for codes in product(*axes)]
FORMATS = {
    **{f"NIfTI {codes}": (nifti, codes) for codes in ORDERS},
    "MetaImage": (itk, "RIA", ".mha"),
    "MetaImage in two files": (itk, "LPI", ".mhd"),
    "NRRD": (itk, "LAS", ".nrrd"),
    "NPZ": (npz,),
    "SEG": (seg, "SPL"),
    "SEG on slices from the head down": (seg, "IAL"),
    "RTSTRUCT": (structures, "SPL"),
    "three channels": (channels,),
    "OME-Zarr": (ome_zarr,),
    "files in zip": (in_zip,),
    "series in tar": (in_tar, ".tar"),
    "series in tar.gz": (in_tar, ".tar.gz"),
}
KEY = ("slice", "task", "prompt", "protocol", "mask_choice", "step")
SCORES = ("iou", "dice", "intersection_px", "union_px", "point_x", "point_y", "point_depth", "status")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The output of one study over all of them."""
    folder = tmp_path_factory.mktemp("formats")
    datasets = []
    for name, (write, *arguments) in FORMATS.items():
        place = folder / name
        place.mkdir()
        images, masks, tasks, *more = write(place, *arguments)
        own = {
            "images": f"{place}/{images}",
            "masks": masks if "{image}" in masks else f"{place}/{masks}",
            "tasks": tasks,
        }
        datasets.append({"name": name, "modality": "CT", **own, **(more[0] if more else {})})
    spec = {
        "study": "formats",
        "output": str(folder / "results"),
        "datasets": datasets,
        "models": [{"name": "lite", "family": "lite_medsam_clicks"}],
        "prompts": [{"modes": ["each_box"]}, {"clicks": {"protocol": "ritm", "max": 3}}],
        "execution": {"device": "cpu"},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(spec))
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        assert medsam_job(patch, folder / "study.yaml") == 0
    return folder / "results"


def rows(results, table, columns, name):
    """Return the rows of a data set, sorted by their key."""
    return sorted(
        tuple(row[column] for column in columns)
        for row in pq.read_table(results / table).to_pylist()
        if row["dataset"] == name
    )


@pytest.mark.parametrize("name", list(FORMATS)[1:])
def test_each_format_has_the_rows_of_the_first(results, name):
    """The truth of each object, and each score with its click."""
    for table, columns in (("objects", ("slice", "task", "truth", "object_px")), ("iou", (*KEY, *SCORES))):
        first = rows(results, table, columns, next(iter(FORMATS)))
        assert first
        assert rows(results, table, columns, name) == first


def test_the_orders_of_axes_are_all_there_are():
    """Six permutations of three axes, each in two directions."""
    assert len(set(ORDERS)) == 48


def test_millimetres_are_those_of_the_header(results):
    """NumPy's archive states none."""
    spacing = ("spacing_row_mm", "spacing_column_mm", "spacing_slice_mm")
    for name in FORMATS:
        assert set(rows(results, "objects", spacing, name)) == {(None,) * 3 if name == "NPZ" else (1.0, 1.5, 3.0)}
