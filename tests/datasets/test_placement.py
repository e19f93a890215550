"""Where the mask of a volume lies on its image, and what is doubtful about it.

The volume `numbered()` has its highest value, 120, in the right anterior superior corner; `corner()` labels that voxel.
"""

from pathlib import Path

import numpy as np
import pytest

from job.datasets.load import Loaded
from tests.datasets.make import (
    PLACED,
    dataset,
    kept,
    labelled,
    ledger,
    load,
    nifti,
    numbered,
    stored_as,
    volumes,
    without_orientation,
)


def corner() -> np.ndarray:
    """Return a label map of the voxel with value 120."""
    return (numbered() == 120).astype(np.uint8)


def assert_on_the_corner(loaded: Loaded) -> None:
    """Check that the only object is the brightest pixel, top left in its slice."""
    (sample,) = loaded.samples
    assert sample.image_HWC[sample.objects[0].truth_HW].tolist() == [[255, 255, 255]]
    assert np.argwhere(sample.objects[0].truth_HW).tolist() == [[0, 0]]


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize(("image_as", "mask_as"), [("LPS", "LPS"), ("PIR", "ASL"), ("RAS", "SAR")])
def test_image_and_mask_may_be_stored_in_different_orders(
    tmp_path: Path, axis: str, image_as: str, mask_as: str
) -> None:
    """Each is reordered by its own affine."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(numbered(), image_as))
    nifti(tmp_path / "masks/a.nii.gz", *stored_as(corner(), mask_as))
    loaded = load(dataset(tmp_path, slices={"axis": axis}), tmp_path)
    assert_on_the_corner(loaded)
    assert loaded.left_out == []


def test_a_mask_of_another_shape_is_an_error(tmp_path: Path) -> None:
    """Shapes are compared in canonical order."""
    volumes(tmp_path, numbered(), labelled(1, 4, depth=5))
    (line,) = load(dataset(tmp_path), tmp_path).left_out
    assert ledger([line]) == [(0, "object", "error", "size mismatch")]
    assert line.detail.endswith("the image is 4 x 5 x 6, the mask 4 x 5 x 5")


@pytest.mark.parametrize(("shift", "noted"), [(1, True), (0.2, True), (0.05, False), (1e-4, False)])
def test_a_shift_is_noted(tmp_path: Path, shift: float, noted: bool) -> None:
    """Over a tenth of a voxel, once, at the slice where the mask is first used; rounding is less."""
    nifti(tmp_path / "images/a.nii.gz", numbered())
    affine = PLACED.copy()
    affine[0, 3] += shift
    nifti(tmp_path / "masks/a.nii.gz", labelled(1, 4), affine)
    loaded = load(dataset(tmp_path), tmp_path)
    assert ledger(loaded.left_out) == ([(1, "object", "warning", "affines differ")] if noted else [])
    assert kept(loaded) == [1, 4]


def test_a_mask_that_may_be_mirrored_is_an_error(tmp_path: Path) -> None:
    """It has the voxel order of an LPS image, but the affine of a RAS one, which would mirror it."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(numbered(), "LPS"))
    nifti(tmp_path / "masks/a.nii.gz", stored_as(corner(), "LPS")[0])
    (line,) = load(dataset(tmp_path), tmp_path).left_out
    assert ledger([line]) == [(0, "object", "error", "affines differ")]
    assert "stored as LPS, the mask as RAS" in line.detail
    assert "resample it to the image" in line.detail


@pytest.mark.parametrize(("shift", "kinds"), [(0.9, ["warning"]), (1.1, ["error"])])
def test_another_order_is_an_error_from_one_voxel_on(tmp_path: Path, shift: float, kinds: list[str]) -> None:
    """An origin at a voxel's corner, not its centre, is less; the image is RAS, the mask LAS."""
    nifti(tmp_path / "images/a.nii.gz", numbered())
    affine = PLACED @ np.diag([-1.0, 1, 1, 1])
    affine[0, 3] += 3 + shift
    nifti(tmp_path / "masks/a.nii.gz", corner()[::-1], affine)
    assert [line.kind for line in load(dataset(tmp_path), tmp_path).left_out] == kinds


def test_a_mask_in_the_same_order_may_lie_elsewhere(tmp_path: Path) -> None:
    """The unit matrix beside a RAS image of other spacing and origin mirrors nothing, so it is a warning."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(numbered(), "RAS"))
    nifti(tmp_path / "masks/a.nii.gz", corner())
    loaded = load(dataset(tmp_path), tmp_path)
    assert ledger(loaded.left_out) == [(5, "object", "warning", "affines differ")]
    assert_on_the_corner(loaded)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR"])
def test_a_mask_without_orientation_has_the_order_of_its_image(tmp_path: Path, codes: str) -> None:
    """In whatever order the image is stored, the mask is reordered like it, with a warning."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(numbered(), codes))
    without_orientation(tmp_path / "masks/a.nii.gz", stored_as(corner(), codes)[0])
    loaded = load(dataset(tmp_path), tmp_path)
    (line,) = loaded.left_out
    assert ledger([line]) == [(5, "object", "warning", "orientation unknown")]
    assert line.detail.startswith("the mask's header states no orientation")
    assert_on_the_corner(loaded)


def test_a_mask_has_the_order_of_an_image_without_orientation(tmp_path: Path) -> None:
    """Stored alike, they stay aligned, whatever the mask's header states; by default the order is LAS."""
    without_orientation(tmp_path / "images/a.nii.gz", numbered())
    nifti(tmp_path / "masks/a.nii.gz", corner())
    loaded = load(dataset(tmp_path), tmp_path)
    unknown = ("warning", "orientation unknown")
    assert ledger(loaded.left_out) == [(5, None, *unknown), (5, "object", *unknown)]
    assert loaded.left_out[1].detail.startswith("the image's header states no orientation")
    (sample,) = loaded.samples
    assert sample.image_HWC[sample.objects[0].truth_HW].tolist() == [[255, 255, 255]]
    assert np.argwhere(sample.objects[0].truth_HW).tolist() == [[0, 3]]


def test_a_mask_without_orientation_has_the_shape_of_its_image_as_stored(tmp_path: Path) -> None:
    """Another shape is another order, and no header states which."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(numbered(), "PIR"))
    without_orientation(tmp_path / "masks/a.nii.gz", corner())
    (line,) = load(dataset(tmp_path), tmp_path).left_out
    assert ledger([line]) == [(0, "object", "error", "size mismatch")]
    assert line.detail.endswith("the image is 5 x 6 x 4, the mask 4 x 5 x 6")


@pytest.mark.parametrize(("degrees", "noted"), [(9, False), (11, True)])
def test_an_oblique_volume_is_noted(tmp_path: Path, degrees: float, noted: bool) -> None:
    """Over 10 degrees, once, at the first slice that is evaluated."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    affine = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    volumes(tmp_path, numbered(), labelled(1, 4), affine)
    lines = load(dataset(tmp_path), tmp_path).left_out
    assert ledger(lines) == ([(1, None, "warning", "oblique volume")] if noted else [])


def test_nan_in_an_image_that_is_its_own_map_is_noted_once(tmp_path: Path) -> None:
    """The slice with NaN is an error; there is no warning on the map beside it."""
    values = numbered().astype(np.float32)
    values[3, 3, 2] = np.nan
    nifti(tmp_path / "images/a.nii.gz", values)
    tasks = {"bright": {"masks": "{image}", "above": 115}}
    lines = load(dataset(tmp_path, tasks=tasks, slices={"keep": "labelled"}), tmp_path).left_out
    assert ledger(lines) == [(2, None, "error", "non-finite values")]


def test_nan_in_a_map_is_noted(tmp_path: Path) -> None:
    """NaN is not above a threshold, and a warning says how many there are."""
    values = labelled(1, 4).astype(np.float32)
    values[3, 3, 2:4] = np.nan
    volumes(tmp_path, numbered(), values)
    loaded = load(dataset(tmp_path, tasks={"object": {"above": 0.5}}), tmp_path)
    (line,) = loaded.left_out
    assert ledger([line]) == [(1, "object", "warning", "NaN in mask")]
    assert "2 values of the map are NaN" in line.detail
    assert kept(loaded) == [1, 4]
