"""Orientation, on an asymmetric phantom: where each corner of the patient lands in each slice."""

from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from job.datasets.formats.nifti import read_volume
from job.datasets.geometry import canonical_grid, reordered, slice_at, to_canonical
from job.errors import DataError
from tests.datasets.make import nifti, stored_as

ORDERS = ["".join(codes) for axes in permutations(("RL", "AP", "SI")) for codes in product(*axes)]


def phantom() -> NDArray[np.int16]:
    """A volume in RAS+ of 4 x 5 x 6 voxels, each of its own value: no two orders look alike."""
    return np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)


def marked(right: bool, anterior: bool, superior: bool) -> NDArray[np.int16]:
    """A volume in RAS+ of 4 x 5 x 6 voxels with one corner marked."""
    values = np.zeros((4, 5, 6), np.int16)
    values[3 if right else 0, 4 if anterior else 0, 5 if superior else 0] = 1
    return values


def where(values: NDArray[np.int16], axis: str, index: int) -> list[list[int]]:
    return np.argwhere(slice_at(values, axis, index)).tolist()


def test_right_anterior_superior_corner() -> None:
    """Axial: top left of the top slice. Coronal: top left of the most anterior slice. Sagittal: top left of slice 0."""
    values = marked(right=True, anterior=True, superior=True)
    assert where(values, "axial", 5) == [[0, 0]]
    assert where(values, "coronal", 4) == [[0, 0]]
    assert where(values, "sagittal", 0) == [[0, 0]]


def test_left_posterior_inferior_corner() -> None:
    """Axial: bottom right of slice 0. Coronal: bottom right of slice 0. Sagittal: bottom right of the last slice."""
    values = marked(right=False, anterior=False, superior=False)
    assert where(values, "axial", 0) == [[4, 3]]
    assert where(values, "coronal", 0) == [[5, 3]]
    assert where(values, "sagittal", 3) == [[5, 4]]


def test_right_posterior_superior_corner() -> None:
    """Axial: bottom left. Coronal: slice 0, top left. Sagittal: slice 0, top right."""
    values = marked(right=True, anterior=False, superior=True)
    assert where(values, "axial", 5) == [[4, 0]]
    assert where(values, "coronal", 0) == [[0, 0]]
    assert where(values, "sagittal", 0) == [[0, 4]]


@pytest.mark.parametrize("codes", ORDERS)
def test_all_48_array_orders_give_the_same_volume(codes: str) -> None:
    """However a file orders its axes, the canonical volume is the same."""
    assert len(ORDERS) == 48
    stored, affine = stored_as(phantom(), codes)
    assert nib.aff2axcodes(affine) == tuple(codes)
    assert np.array_equal(to_canonical(stored, affine), phantom())
    grid = canonical_grid(stored.shape, affine)
    assert grid.shape_XYZ == (4, 5, 6)
    assert np.allclose(grid.affine, [[1, 0, 0, -5], [0, 2, 0, -6], [0, 0, 3, -7], [0, 0, 0, 1]])


@pytest.mark.parametrize("codes", ORDERS)
def test_a_grid_tells_how_it_is_stored(codes: str) -> None:
    """By shape and codes; with these a volume that was turned by wrong ones is turned again."""
    stored, affine = stored_as(phantom(), codes)
    grid = canonical_grid(stored.shape, affine)
    assert (grid.stored_shape, grid.codes) == (stored.shape, codes)
    wrong = stored_as(phantom(), "PIR")[1]
    assert np.array_equal(reordered(to_canonical(stored, wrong), "PIR", codes), phantom())


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR", "ASL", "SAR"])
def test_written_and_read_again(tmp_path: Path, codes: str) -> None:
    """Through a file: equal to nibabel's own as_closest_canonical."""
    stored, affine = stored_as(phantom(), codes)
    path = nifti(tmp_path / "a.nii.gz", stored, affine)
    expected = nib.as_closest_canonical(nib.load(path))
    volume = read_volume(path)
    assert np.array_equal(volume.values_XYZ, expected.get_fdata())
    assert np.array_equal(volume.values_XYZ, phantom())
    assert np.allclose(volume.header.grid.affine, expected.affine)


def test_slices_as_worked_out_by_hand() -> None:
    """Of a 2 x 2 x 2 volume with value 100·right + 10·anterior + superior."""
    values = np.fromfunction(lambda x, y, z: 100 * x + 10 * y + z, (2, 2, 2)).astype(int)
    assert slice_at(values, "axial", 1).tolist() == [[111, 11], [101, 1]]
    assert slice_at(values, "coronal", 0).tolist() == [[101, 1], [100, 0]]
    assert slice_at(values, "sagittal", 0).tolist() == [[111, 101], [110, 100]]


def test_slice_counts_and_sizes() -> None:
    """Axial slices count along the body, coronal from back to front, sagittal from side to side."""
    grid = canonical_grid((4, 5, 6), np.eye(4))
    assert [grid.slice_count(axis) for axis in ("sagittal", "coronal", "axial")] == [4, 5, 6]
    for axis in ("sagittal", "coronal", "axial"):
        assert slice_at(phantom(), axis, 0).shape == grid.slice_size(axis)


def test_oblique_angle() -> None:
    """A rotation by 20 degrees about the body's axis is 20 degrees oblique, one by 90 is none."""
    for degrees, oblique in ((20, 20), (90, 0), (0, 0)):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        affine = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        assert canonical_grid((4, 5, 6), affine).oblique_degrees == pytest.approx(oblique, abs=1e-5)


def test_displacement_is_in_voxels() -> None:
    """A grid moved by 3 mm along 2 mm voxels of the finest axis lies 1.5 voxels off."""
    moved = np.diag([2.0, 4, 4, 1])
    moved[0, 3] = 3
    grid = canonical_grid((4, 5, 6), np.diag([2.0, 4, 4, 1]))
    assert grid.displacement(canonical_grid((4, 5, 6), moved)) == pytest.approx(1.5)


@pytest.mark.parametrize("affine", [np.full((4, 4), np.nan), np.zeros((4, 4)), np.diag([1.0, 1, 0, 1])])
def test_unusable_affine(affine: NDArray[np.float64]) -> None:
    """NaN, zeros, or an axis without extent say nothing about the patient."""
    with pytest.raises(DataError) as caught:
        canonical_grid((4, 5, 6), affine)
    assert caught.value.reason == "unusable affine"
