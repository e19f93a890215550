"""Masks are written back where they were read: the truth, written so, is the truth of its file, voxel by voxel."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
import tifffile
from scipy.spatial.transform import Rotation

from job.datasets.discover import discover
from job.datasets.written import read_geometry
from job.errors import DataError
from job.storage import InputCache
from tests.datasets.formats.phantom import CODES, affine, phantom, stored
from tests.datasets.formats.segments.dicom_writers import saved, series
from tests.datasets.formats.sitk_image import sitk_image
from tests.datasets.make import dataset, load, nifti, pair, square, without_orientation

LABELS = phantom()
IMAGE = (np.arange(LABELS.size).reshape(LABELS.shape) % 97).astype(np.int16)
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = Rotation.from_euler("xyz", (12, -7, 20), degrees=True).as_matrix()
SHEARED = np.eye(4)
SHEARED[1, 2] = 0.2


def written(folder: Path, axis: str = "axial", **changes: object) -> Path:
    """Load the slices of the one volume below a folder, and write their truth back."""
    data = dataset(folder, slices={"axis": axis}, **changes)
    (source,) = discover(data)
    geometry = read_geometry(data, source, InputCache(folder / "cache", 1 << 30))
    truths = {sample.slice: sample.objects[0].truth_HW for sample in load(data, folder).samples}
    path = folder / "written.nii.gz"
    path.write_bytes(geometry.nifti(truths))
    return path


def assert_same(path: Path, mask: Path) -> None:
    """Compare two files by nibabel and by SimpleITK: voxels, and where they lie."""
    ours, theirs = nib.load(path), nib.load(mask)
    assert np.array_equal(np.asarray(ours.dataobj), np.asarray(theirs.dataobj) > 0)
    assert np.allclose(ours.affine, theirs.affine, atol=1e-4)
    assert_same_in_itk(path, SimpleITK.ReadImage(str(mask)))


def assert_same_in_itk(path: Path, theirs: SimpleITK.Image) -> None:
    """Compare a file with an image that SimpleITK read."""
    ours = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(ours), SimpleITK.GetArrayFromImage(theirs) > 0)
    for placed in ("GetSize", "GetOrigin", "GetSpacing", "GetDirection"):
        assert np.allclose(getattr(ours, placed)(), getattr(theirs, placed)(), atol=1e-4)


def save_as_nifti(folder: Path, codes: str, turn: np.ndarray) -> Path:
    """Save the phantom and its label map, its axes stored in these directions, and turned; return the map's path."""
    for kind, values_XYZ in (("images", IMAGE), ("masks", LABELS)):
        values, placed = stored(values_XYZ, codes)
        path = nifti(folder / kind / "a.nii.gz", values, turn @ placed)
    return path


@pytest.mark.parametrize("codes", CODES)
def test_truth_written_back_is_the_truth_of_its_file(tmp_path, codes):
    """In each of the 48 ways to store its axes."""
    mask = save_as_nifti(tmp_path, codes, np.eye(4))
    assert_same(written(tmp_path), mask)


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("codes", ["RAS", "LPS", "SAR", "PIL"])
def test_an_oblique_volume_cut_along_each_axis(tmp_path, codes, axis):
    """Nothing is resampled, so every voxel returns to its place."""
    mask = save_as_nifti(tmp_path, codes, OBLIQUE)
    assert_same(written(tmp_path, axis), mask)


def test_a_sheared_volume_keeps_its_affine(tmp_path):
    """As of a CT with a tilted gantry. SimpleITK reads none such."""
    mask = save_as_nifti(tmp_path, "LPS", SHEARED)
    assert np.allclose(nib.load(written(tmp_path)).affine, nib.load(mask).affine, atol=1e-5)


@pytest.mark.parametrize(("ending", "codes"), [(".mha", "RIA"), (".nrrd", "LAS"), (".mhd", "LPI")])
def test_other_formats_of_volumes(tmp_path, ending, codes):
    """The NIfTI file lies where SimpleITK puts the mask in its own format."""
    for kind, values in (("images", IMAGE), ("masks", LABELS)):
        (tmp_path / kind).mkdir()
        SimpleITK.WriteImage(sitk_image(values, codes), str(tmp_path / kind / f"a{ending}"))
    changes = {"images": f"{tmp_path}/images/*{ending}"}
    assert_same_in_itk(written(tmp_path, **changes), SimpleITK.ReadImage(str(tmp_path / f"masks/a{ending}")))


def test_a_dicom_series(tmp_path):
    """Where SimpleITK puts the series."""
    (tmp_path / "images/CT").mkdir(parents=True)
    for index, item in enumerate(series("SPL", IMAGE)):
        saved(item, tmp_path / f"images/CT/{index}.dcm")
    SimpleITK.WriteImage(sitk_image(LABELS, "LPS"), str(tmp_path / "mask.nrrd"))
    path = written(tmp_path, images=f"{tmp_path}/images/{{case}}/", masks=f"{tmp_path}/mask.nrrd")
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "images/CT")))
    theirs, ours = reader.Execute(), SimpleITK.ReadImage(str(path))
    assert np.array_equal(nib.load(path).get_fdata() > 0, stored(LABELS, "LPS")[0] > 0)
    for placed in ("GetSize", "GetOrigin", "GetSpacing", "GetDirection"):
        assert np.allclose(getattr(ours, placed)(), getattr(theirs, placed)(), atol=1e-4)


def test_only_the_slices_that_are_given_hold_a_mask(tmp_path):
    """The others are 0."""
    save_as_nifti(tmp_path, "RAS", np.eye(4))
    data = dataset(tmp_path)
    (source,) = discover(data)
    geometry = read_geometry(data, source, InputCache(None, 1))
    (tmp_path / "one.nii.gz").write_bytes(geometry.nifti({3: np.ones((16, 12), bool)}))
    values = np.asarray(nib.load(tmp_path / "one.nii.gz").dataobj)
    assert values[:, :, 3].all()
    assert values.sum() == 12 * 16


def test_without_orientation_in_the_file_it_is_the_specs(tmp_path):
    """The spec says where the axes lead; the lengths are the file's."""
    without_orientation(tmp_path / "images/a.nii.gz", IMAGE, (1.5, 1, 3))
    without_orientation(tmp_path / "masks/a.nii.gz", LABELS, (1.5, 1, 3))
    image = nib.load(written(tmp_path, axes="LPS"))
    assert np.allclose(image.affine[:3, :3], np.diag([-1.5, -1, 3]))
    assert np.array_equal(np.asarray(image.dataobj), LABELS > 0)


def test_with_orientation_in_the_file_viewers_see_the_files(tmp_path):
    """Though the spec says that it is wrong: a viewer lays the mask over the image as the file places it."""
    mask = save_as_nifti(tmp_path, "RAS", np.eye(4))
    assert_same(written(tmp_path, axes="LPS"), mask)


def test_a_2d_image_has_no_geometry(tmp_path):
    """It is refused, with its address."""
    pair(tmp_path, square(), square())
    data = dataset(tmp_path)
    (source,) = discover(data)
    with pytest.raises(DataError, match=r"a\.png: a 2D image has no geometry"):
        read_geometry(data, source, InputCache(None, 1))


def test_coordinates_are_millimetres_of_the_scanner(tmp_path):
    """Both forms of the header, for readers of either."""
    save_as_nifti(tmp_path, "RAS", np.eye(4))
    header = nib.load(written(tmp_path)).header
    assert (int(header["sform_code"]), int(header["qform_code"]), header.get_xyzt_units()[0]) == (1, 1, "mm")
    assert np.allclose(header.get_qform(), affine(), atol=1e-5)


@pytest.mark.parametrize("ending", [".npz", ".tif"])
def test_a_stack_of_pictures_is_counted_as_viewers_do(tmp_path, ending):
    """Columns first, slices last; the file has them the other way round."""
    labels = np.zeros((5, 6, 7), np.uint8)
    labels[1:4, 2:5, 3] = 1
    for kind, values in (("images", labels * 100), ("masks", labels)):
        (tmp_path / kind).mkdir()
        path = tmp_path / kind / f"a{ending}"
        np.savez(path, x=values) if ending == ".npz" else tifffile.imwrite(path, values, photometric="minisblack")
    inside = "#x" if ending == ".npz" else ""
    image = nib.load(
        written(tmp_path, images=f"{tmp_path}/images/*{ending}{inside}", masks=f"{tmp_path}/masks/{{name}}{inside}")
    )
    assert nib.aff2axcodes(image.affine) == ("L", "P", "S")
    assert np.array_equal(np.asarray(image.dataobj), labels.T)
