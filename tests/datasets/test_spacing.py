"""Millimetres between rows, columns and slices.

The phantom has 3 x 4 x 5 voxels of 0.5 mm to the right, 0.75 mm to the front, 4 mm upwards.
"""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from job.datasets.geometry import canonical_grid
from tests.datasets.make import dataset, grey, load, nifti, pair, square, without_orientation
from tests.datasets.volumes import read_volume

RIGHT, ANTERIOR, SUPERIOR = 0.5, 0.75, 4.0
EXPECTED = {
    "axial": (ANTERIOR, RIGHT, SUPERIOR),
    "coronal": (SUPERIOR, RIGHT, ANTERIOR),
    "sagittal": (SUPERIOR, ANTERIOR, RIGHT),
}
STORED = {
    "RAS": ((3, 4, 5), [[0.5, 0, 0, 9], [0, 0.75, 0, 8], [0, 0, 4, 7]]),
    "LPS": ((3, 4, 5), [[-0.5, 0, 0, 9], [0, -0.75, 0, 8], [0, 0, 4, 7]]),
    "PSR": ((4, 5, 3), [[0, 0, 0.5, 9], [-0.75, 0, 0, 8], [0, 4, 0, 7]]),
    "ILA": ((5, 3, 4), [[0, -0.5, 0, 9], [0, 0, 0.75, 8], [-4, 0, 0, 7]]),
    "ASL": ((4, 5, 3), [[0, 0, -0.5, 9], [0.75, 0, 0, 8], [0, 4, 0, 7]]),
}
"""By axis order: the shape as stored, and the first three rows of the affine."""


def affine_of(rows: list[list[float]]) -> NDArray[np.float64]:
    return np.array([*rows, [0, 0, 0, 1]])


def rotation(degrees: float, axis: int) -> NDArray[np.float64]:
    """Return the 4x4 rotation about X, Y or Z."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = np.eye(4)
    first, second = (index for index in range(3) if index != axis)
    turned[[first, first, second, second], [first, second, first, second]] = (c, -s, s, c)
    return turned


def spacing_of_file(path: Path, axis: str) -> tuple[float, ...]:
    return read_volume(path).header.grid.spacing(axis)


def save_with_unit(path: Path, factor: float, space: str | None, time: str | None = None) -> Path:
    """Save the phantom in RAS, with lengths in millimetres times `factor` and the header's field xyzt_units."""
    affine = np.diag([factor, factor, factor, 1]) @ affine_of(STORED["RAS"][1])
    image = nib.Nifti1Image(np.zeros((3, 4, 5), np.uint8), affine)
    image.header.set_xyzt_units(space, time)
    nib.save(image, path)
    return path


@pytest.mark.parametrize("axis", EXPECTED)
@pytest.mark.parametrize("codes", STORED)
def test_a_sample_carries_the_spacing_of_its_slice(tmp_path: Path, codes: str, axis: str) -> None:
    """In whatever order the axes are stored, rows, columns and slices are those of the displayed slice."""
    shape, rows = STORED[codes]
    affine = affine_of(rows)
    assert nib.aff2axcodes(affine) == tuple(codes)
    values = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    nifti(tmp_path / "images/a.nii.gz", values, affine)
    nifti(tmp_path / "masks/a.nii.gz", np.ones(shape, np.uint8), affine)
    samples = load(dataset(tmp_path, slices={"axis": axis}), tmp_path).samples
    assert len(samples) == {"axial": 5, "coronal": 4, "sagittal": 3}[axis]
    for sample in samples:
        assert sample.spacing == pytest.approx(EXPECTED[axis])
        assert (sample.spacing.row_mm, sample.spacing.column_mm, sample.spacing.slice_mm) == sample.spacing


@pytest.mark.parametrize("codes", STORED)
def test_spacing_agrees_with_nibabels_zooms(tmp_path: Path, codes: str) -> None:
    """Of the canonical image, nibabel's zooms are the lengths to the right, to the front and upwards."""
    shape, rows = STORED[codes]
    path = nifti(tmp_path / "a.nii", np.zeros(shape, np.uint8), affine_of(rows))
    right, anterior, superior = nib.as_closest_canonical(nib.load(path)).header.get_zooms()
    assert spacing_of_file(path, "axial") == pytest.approx((anterior, right, superior))


@pytest.mark.parametrize("axis", EXPECTED)
@pytest.mark.parametrize("turn", [(30, 2), (-25, 0), (40, 1)])
def test_an_oblique_volume_keeps_its_spacing(axis: str, turn: tuple[float, int]) -> None:
    """A rotation changes no length: the spacing is the norm of the affine's columns, not its diagonal or its rows."""
    affine = rotation(*turn) @ affine_of(STORED["RAS"][1])
    assert canonical_grid((3, 4, 5), affine).spacing(axis) == pytest.approx(EXPECTED[axis])


def test_an_oblique_volume_in_another_order_keeps_its_spacing() -> None:
    """Rotated about two axes, stored as PSR."""
    shape, rows = STORED["PSR"]
    affine = rotation(20, 2) @ rotation(15, 0) @ affine_of(rows)
    grid = canonical_grid(shape, affine)
    assert (grid.codes, grid.shape_XYZ) == ("PSR", (3, 4, 5))
    assert {axis: grid.spacing(axis) for axis in EXPECTED} == {
        axis: pytest.approx(expected) for axis, expected in EXPECTED.items()
    }


@pytest.mark.parametrize("axis", EXPECTED)
def test_without_sform_and_qform_spacing_comes_from_pixdim(tmp_path: Path, axis: str) -> None:
    """The axes are taken as LAS, their lengths from pixdim."""
    path = without_orientation(tmp_path / "a.nii", np.zeros((3, 4, 5), np.uint8), (RIGHT, ANTERIOR, SUPERIOR))
    assert nib.load(path).header.get_zooms() == (RIGHT, ANTERIOR, SUPERIOR)
    assert spacing_of_file(path, axis) == pytest.approx(EXPECTED[axis])


def test_qform_alone_states_the_spacing(tmp_path: Path) -> None:
    """A header without sform has its lengths in pixdim and its directions in the qform."""
    shape, rows = STORED["PSR"]
    image = nib.Nifti1Image(np.zeros(shape, np.uint8), affine_of(rows))
    image.set_sform(None)
    image.set_qform(affine_of(rows), code=1)
    nib.save(image, tmp_path / "a.nii")
    stored: Any = nib.load(tmp_path / "a.nii").header
    assert (int(stored["sform_code"]), int(stored["qform_code"])) == (0, 1)
    assert {axis: spacing_of_file(tmp_path / "a.nii", axis) for axis in EXPECTED} == {
        axis: pytest.approx(expected) for axis, expected in EXPECTED.items()
    }


@pytest.mark.parametrize(
    ("factor", "space"), [(0.001, "meter"), (1, "mm"), (1000, "micron"), (1, "unknown")], ids=lambda value: str(value)
)
@pytest.mark.parametrize("time", [None, "sec", "msec"])
def test_units_become_millimetres(tmp_path: Path, factor: float, space: str, time: str | None) -> None:
    """0.004 metres, 4 millimetres and 4000 micrometres are the same; a unit of time, or none of space, is ignored."""
    path = save_with_unit(tmp_path / "a.nii", factor, space, time)
    assert nib.load(path).header.get_zooms() == pytest.approx((0.5 * factor, 0.75 * factor, 4 * factor))
    assert spacing_of_file(path, "coronal") == pytest.approx(EXPECTED["coronal"])


def test_image_and_mask_in_different_units_agree(tmp_path: Path) -> None:
    """Positions are compared in millimetres, too: the mask, in micrometres, fits without a warning."""
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    save_with_unit(tmp_path / "images/a.nii", 1, "mm")
    save_with_unit(tmp_path / "masks/a.nii", 1000, "micron")
    lines = load(dataset(tmp_path), tmp_path).left_out
    assert [line.reason for line in lines] == ["no object"]


def test_a_2d_image_has_no_spacing(tmp_path: Path) -> None:
    """The resolution in a PNG header is one for printing."""
    pair(tmp_path, grey(), square())
    Image.fromarray(grey()).save(tmp_path / "images/a.png", dpi=(254, 254))
    (sample,) = load(dataset(tmp_path), tmp_path).samples
    assert sample.spacing is None
