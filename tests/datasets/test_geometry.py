"""Orientation, on an asymmetric phantom: where each corner of the patient appears in each slice."""

from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from job.datasets.geometry import canonical_grid, reordered, slice_at, to_canonical
from job.errors import DataError
from tests.datasets.make import nifti, stored_as
from tests.datasets.volumes import read_volume

ORDERS = ["".join(codes) for axes in permutations(("RL", "AP", "SI")) for codes in product(*axes)]


def phantom() -> NDArray[np.int16]:
    """Return a volume in RAS+ of 4 x 5 x 6 voxels with different values, so that no two orders look alike."""
    return np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)


def marked(right: bool, anterior: bool, superior: bool) -> NDArray[np.int16]:
    """Return a volume in RAS+ of 4 x 5 x 6 voxels with one corner marked."""
    values = np.zeros((4, 5, 6), np.int16)
    values[3 if right else 0, 4 if anterior else 0, 5 if superior else 0] = 1
    return values


def marks(values: NDArray[np.int16], axis: str, index: int) -> list[list[int]]:
    """Return row and column of each marked pixel of a slice."""
    return np.argwhere(slice_at(values, axis, index)).tolist()


def test_right_anterior_superior_corner() -> None:
    """Axial: top left of the last slice. Coronal: top left of the last slice. Sagittal: top left of slice 0."""
    values = marked(right=True, anterior=True, superior=True)
    assert marks(values, "axial", 5) == [[0, 0]]
    assert marks(values, "coronal", 4) == [[0, 0]]
    assert marks(values, "sagittal", 0) == [[0, 0]]


def test_left_anterior_superior_corner() -> None:
    """Axial: top right. Coronal: top right of the last slice. Sagittal: top left of the last slice."""
    values = marked(right=False, anterior=True, superior=True)
    assert marks(values, "axial", 5) == [[0, 3]]
    assert marks(values, "coronal", 4) == [[0, 3]]
    assert marks(values, "sagittal", 3) == [[0, 0]]


def test_right_posterior_superior_corner() -> None:
    """Axial: bottom left. Coronal: top left of slice 0. Sagittal: top right of slice 0."""
    values = marked(right=True, anterior=False, superior=True)
    assert marks(values, "axial", 5) == [[4, 0]]
    assert marks(values, "coronal", 0) == [[0, 0]]
    assert marks(values, "sagittal", 0) == [[0, 4]]


def test_right_anterior_inferior_corner() -> None:
    """Axial: top left of slice 0. Coronal: bottom left of the last slice. Sagittal: bottom left of slice 0."""
    values = marked(right=True, anterior=True, superior=False)
    assert marks(values, "axial", 0) == [[0, 0]]
    assert marks(values, "coronal", 4) == [[5, 0]]
    assert marks(values, "sagittal", 0) == [[5, 0]]


def test_left_posterior_inferior_corner() -> None:
    """Axial: bottom right of slice 0. Coronal: bottom right of slice 0. Sagittal: bottom right of the last slice."""
    values = marked(right=False, anterior=False, superior=False)
    assert marks(values, "axial", 0) == [[4, 3]]
    assert marks(values, "coronal", 0) == [[5, 3]]
    assert marks(values, "sagittal", 3) == [[5, 4]]


@pytest.mark.parametrize("codes", ORDERS)
def test_all_48_array_orders_give_the_same_volume(codes: str) -> None:
    """In whatever order a file stores its axes, the canonical volume is the same."""
    assert len(ORDERS) == 48
    stored, affine = stored_as(phantom(), codes)
    assert nib.aff2axcodes(affine) == tuple(codes)
    assert np.array_equal(to_canonical(stored, affine), phantom())
    grid = canonical_grid(stored.shape, affine)
    assert grid.shape_XYZ == (4, 5, 6)
    assert np.allclose(grid.affine, [[1, 0, 0, -5], [0, 2, 0, -6], [0, 0, 3, -7], [0, 0, 0, 1]])


@pytest.mark.parametrize("codes", ORDERS)
def test_a_grid_states_how_it_is_stored(codes: str) -> None:
    """From its codes, a volume that was reordered by wrong codes can be reordered by the right ones."""
    stored, affine = stored_as(phantom(), codes)
    grid = canonical_grid(stored.shape, affine)
    assert (grid.stored_shape, grid.codes) == (stored.shape, codes)
    wrong = stored_as(phantom(), "PIR")[1]
    assert np.array_equal(reordered(to_canonical(stored, wrong), "PIR", codes), phantom())


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR", "ASL", "SAR"])
def test_a_volume_read_from_a_file_is_canonical(tmp_path: Path, codes: str) -> None:
    """Values and affine are those of nibabel's as_closest_canonical."""
    stored, affine = stored_as(phantom(), codes)
    path = nifti(tmp_path / "a.nii.gz", stored, affine)
    expected = nib.as_closest_canonical(nib.load(path))
    volume = read_volume(path)
    assert np.array_equal(volume.values_XYZ, expected.get_fdata())
    assert np.array_equal(volume.values_XYZ, phantom())
    assert np.allclose(volume.header.grid.affine, expected.affine)


def test_slices_worked_out_by_hand() -> None:
    """The volume has 2 x 2 x 2 voxels of value 100·right + 10·anterior + superior."""
    values = np.fromfunction(lambda x, y, z: 100 * x + 10 * y + z, (2, 2, 2)).astype(int)
    assert slice_at(values, "axial", 1).tolist() == [[111, 11], [101, 1]]
    assert slice_at(values, "coronal", 0).tolist() == [[101, 1], [100, 0]]
    assert slice_at(values, "coronal", 1).tolist() == [[111, 11], [110, 10]]
    assert slice_at(values, "sagittal", 0).tolist() == [[111, 101], [110, 100]]
    assert slice_at(values, "sagittal", 1).tolist() == [[11, 1], [10, 0]]


@pytest.mark.parametrize(
    ("axis", "count", "size"), [("axial", 6, (5, 4)), ("coronal", 5, (6, 4)), ("sagittal", 4, (6, 5))]
)
def test_slice_counts_and_sizes(axis: str, count: int, size: tuple[int, int]) -> None:
    """4 voxels to the right, 5 to the front, 6 upwards."""
    grid = canonical_grid((4, 5, 6), np.eye(4))
    assert grid.slice_count(axis) == count
    assert grid.slice_size(axis) == slice_at(phantom(), axis, 0).shape == size


def test_oblique_angle() -> None:
    """A rotation by 20 degrees about the body's axis is 20 degrees oblique, a rotation by 90 degrees is not oblique."""
    for degrees, oblique in ((20, 20), (90, 0), (0, 0)):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        affine = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        assert canonical_grid((4, 5, 6), affine).oblique_degrees == pytest.approx(oblique, abs=1e-5)


def test_displacement_is_in_voxels() -> None:
    """A shift by 3 mm along the shortest side of a voxel, 2 mm, is 1.5 voxels; so is a shift along a longer side."""
    grid = canonical_grid((4, 5, 6), np.diag([4.0, 2, 4, 1]))
    for axis in range(3):
        moved = np.diag([4.0, 2, 4, 1])
        moved[axis, 3] = -3
        assert grid.displacement(canonical_grid((4, 5, 6), moved)) == pytest.approx(1.5)


def test_displacement_is_that_of_the_farthest_corner() -> None:
    """Voxels of 1.1 mm, not 1 mm, along the longest axis move its last of 6 voxels by 5 · 0.1."""
    grid = canonical_grid((4, 5, 6), np.eye(4))
    assert grid.displacement(canonical_grid((4, 5, 6), np.diag([1, 1, 1.1, 1]))) == pytest.approx(0.5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "affine", [np.full((4, 4), np.nan), np.zeros((4, 4)), np.diag([1.0, 1, 0, 1]), np.diag([1e200, 1, 1, 1])]
)
def test_unusable_affine(affine: NDArray[np.float64]) -> None:
    """NaN, zeros, an axis without extent, or a step beyond all numbers give no position, and no warning of numpy."""
    with pytest.raises(DataError) as caught:
        canonical_grid((4, 5, 6), affine)
    assert caught.value.reason == "unusable affine"
