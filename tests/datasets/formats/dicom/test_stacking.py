"""Planes as a grid: what is computed from positions alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from job.datasets.formats.dicom.planes import Plane
from job.datasets.formats.dicom.stacking import stack
from job.errors import DataError


def _plane(z: float, x: float = 0.0) -> Plane:
    return Plane(position=(x, 0.0, z), orientation=(1, 0, 0, 0, 1, 0), spacing=(0.5, 0.25))


@given(st.permutations([0.0, 3.0, 6.0, 9.0, 12.0]))
def test_planes_are_ordered_by_position(heights: list[float]) -> None:
    found = stack([_plane(z) for z in heights])
    assert [heights[index] for index in found.order] == [0, 3, 6, 9, 12]
    assert found.doubts == ()


def test_the_affine_leads_from_slice_row_and_column_to_ras() -> None:
    """Rows run to the back, columns to the left: both against RAS."""
    found = stack([_plane(10, x=7), _plane(13, x=7)])
    assert found.affine.tolist() == [[0, 0, -0.25, -7], [0, -0.5, 0, 0], [3, 0, 0, 10], [0, 0, 0, 1]]
    assert found.spacing_mm == (3, 0.5, 0.25)


def test_feet_first_slices_are_ordered_along_their_normal() -> None:
    """Rows to the left, columns to the front: the normal points to the feet."""
    planes = [Plane(position=(0, 0, z), orientation=(1, 0, 0, 0, -1, 0), spacing=(1, 1)) for z in (0.0, 1.0, 2.0)]
    assert stack(planes).order == (2, 1, 0)


@pytest.mark.parametrize(
    ("heights", "reason", "words"),
    [
        ([0, 2, 4, 8, 10], "missing slices", "1 between 4.00 and 8.00 mm"),
        ([0, 2, 8, 10, 12], "missing slices", "2 between 2.00 and 8.00 mm"),
        ([0, 2, 4, 7, 9], "unequal spacing between slices", "2 to 3 mm, most often 2; all are taken as 2.25"),
        ([0, 2, 4, 5, 7], "unequal spacing between slices", "1 to 2 mm"),
    ],
)
def test_gaps_that_differ_are_doubtful(heights: list[float], reason: str, words: str) -> None:
    (doubt,) = stack([_plane(z) for z in heights]).doubts
    assert doubt.reason == reason
    assert doubt.detail.startswith(words)


def test_rounded_positions_are_not_doubtful() -> None:
    """A step of 0.625 mm, in files that keep two digits."""
    assert stack([_plane(round(0.625 * number, 2)) for number in range(20)]).doubts == ()


@pytest.mark.parametrize("heights", [[0, 0], [0, 2, 2.0005, 4]])
def test_two_planes_at_one_position_are_refused(heights: list[float]) -> None:
    with pytest.raises(DataError, match="at one position"):
        stack([_plane(z) for z in heights])


@pytest.mark.parametrize(
    "orientation", [(1, 0, 0, 1, 0, 0), (2, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 0), (1, 0, 0, 0.2, 0.98, 0)]
)
def test_directions_that_are_not_perpendicular_are_refused(orientation: tuple[float, ...]) -> None:
    with pytest.raises(DataError, match="perpendicular"):
        stack([Plane(position=(0, 0, 0), orientation=orientation, spacing=(1, 1))])


def test_a_position_beyond_all_bodies_is_refused() -> None:
    with pytest.raises(DataError, match="from the origin"):
        stack([_plane(0), _plane(1e9)])


def test_files_without_positions_have_no_order() -> None:
    with pytest.raises(DataError, match="2 of 2 slices"):
        stack([Plane(member=0), Plane(member=1)])


def test_a_slice_without_thickness_has_a_step_of_one() -> None:
    assert np.linalg.norm(stack([_plane(5)]).affine[:3, 0]) == 1


def test_directions_that_are_rounded_do_not_change_the_spacing() -> None:
    planes = [Plane(position=(0, 0, z), orientation=(0.995, 0, 0, 0, 0.995, 0), spacing=(0.5, 0.25)) for z in (0, 3)]
    assert np.linalg.norm(stack(planes).affine[:3, :3], axis=0) == pytest.approx([3, 0.5, 0.25], rel=1e-12)
