"""RT structures, written by hand: polygons in the patient's space become the voxels that they surround."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from job.datasets.formats.segments.rtstruct import read_rtstruct
from job.datasets.formats.segments.segment import Drawn, Segment
from job.errors import DataError
from tests.datasets.formats.phantom import ORIGIN, SHAPE, SPACING, affine, grid, phantom
from tests.datasets.formats.segments.dicom_writers import FRAME, PATIENT, rtstruct, saved

SQUARE = np.array([[2, 3], [2, 9], [8, 9], [8, 3]], float)
"""Columns X and rows Y of the phantom's axial slices."""
LIVER = Segment(number=1, name="liver")


def at(corners: Any, slice_: float, axis: int = 2) -> NDArray[np.float64]:
    """Return corners in a slice along an axis, in voxels of the phantom, as mm in RAS+."""
    voxels = np.insert(np.asarray(corners, float), axis, slice_, axis=1)
    return voxels @ affine()[:3, :3].T + affine()[:3, 3]


def outlines(mask_XYZ: NDArray[np.bool_], axis: int) -> list[NDArray[np.float64]]:
    """Return OpenCV's outlines of each slice, through the centres of the outer voxels."""
    contours = []
    for index, plane in enumerate(np.moveaxis(mask_XYZ, axis, 0)):
        found, _ = cv2.findContours(plane.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        contours += [at(contour[:, 0, ::-1], index, axis) for contour in found]
    return contours


def drawn(tmp_path: Path, contours: Any, codes: str = "LPS", kind: str = "CLOSED_PLANAR") -> Drawn:
    path = saved(rtstruct({"liver": contours}, kind), tmp_path / "a.dcm")
    return read_rtstruct(path).drawn(LIVER, grid(codes))


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("codes", ["LPS", "RAS", "SPL", "AIR"])
def test_outlines_give_the_phantom_back(tmp_path: Path, codes: str, axis: int) -> None:
    """Axial, coronal and sagittal contours, whichever way the image is stored."""
    path = saved(
        rtstruct({"liver": outlines(phantom() == 1, axis), "tumour": outlines(phantom() == 2, axis)}), tmp_path / "a"
    )
    segmentation = read_rtstruct(path)
    assert segmentation.segments == (LIVER, Segment(number=2, name="tumour"))
    assert segmentation.frame == FRAME
    for segment in segmentation.segments:
        found = segmentation.drawn(segment, grid(codes))
        assert np.array_equal(found.mask_XYZ, phantom() == segment.number)
        assert found.doubts == ()


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_a_polygon_in_a_polygon_is_a_hole(tmp_path: Path, kind: str) -> None:
    """Half a voxel around 6 x 5 voxels, and a hole of 2 x 2."""
    outer = [[1.5, 2.5], [1.5, 7.5], [7.5, 7.5], [7.5, 2.5]]
    hole = [[3.5, 3.5], [3.5, 5.5], [5.5, 5.5], [5.5, 3.5]]
    expected = np.zeros(SHAPE, bool)
    expected[2:8, 3:8, 2] = True
    expected[4:6, 4:6, 2] = False
    assert np.array_equal(drawn(tmp_path, [at(outer, 2), at(hole, 2)], kind=kind).mask_XYZ, expected)


def test_a_turned_image_has_its_slices_along_its_own_axes(tmp_path: Path) -> None:
    """By 8 degrees about the patient's long axis; the contours lie in its sagittal slices."""
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.14), -np.sin(0.14)], [np.sin(0.14), np.cos(0.14)]]
    image = grid()
    object.__setattr__(image, "affine", turn @ image.affine)
    contours = [corners @ turn[:3, :3].T for corners in outlines(phantom() == 1, 0)]
    path = saved(rtstruct({"liver": contours}), tmp_path / "a")
    assert np.array_equal(read_rtstruct(path).drawn(LIVER, image).mask_XYZ, phantom() == 1)


def test_slices_without_contours_are_doubted_and_stay_empty(tmp_path: Path) -> None:
    """Nothing is interpolated. Sagittal slices are counted from the right, as those of samples."""
    found = drawn(tmp_path, [at(SQUARE, 1), at(SQUARE, 4)])
    assert found.mask_XYZ.any(axis=(0, 1)).tolist() == [False, True, False, False, True]
    (doubt,) = found.doubts
    assert "'liver' has no contour in the axial slices 2, 3 " in doubt.detail
    sagittal = [[3, 1], [3, 3], [9, 3], [9, 1]]
    (doubt,) = drawn(tmp_path, [at(sagittal, 1, 0), at(sagittal, 3, 0)]).doubts
    assert f"sagittal slices {SHAPE[0] - 1 - 2} " in doubt.detail


@pytest.mark.parametrize(("shift", "doubts"), [(0.05, 0), (0.2, 1), (-0.4, 1)])
def test_contours_between_slices_belong_to_the_nearest(tmp_path: Path, shift: float, doubts: int) -> None:
    """With a doubt if rounding does not explain it."""
    found = drawn(tmp_path, [at(SQUARE, 2 + shift)])
    assert found.mask_XYZ.any(axis=(0, 1)).tolist() == [False, False, True, False, False]
    assert [doubt.reason for doubt in found.doubts] == ["contours between slices"] * doubts


def test_contours_that_overlap_in_part_are_doubted(tmp_path: Path) -> None:
    """By the even-odd rule, what both cover is left out."""
    found = drawn(tmp_path, [at(SQUARE, 2), at(SQUARE + 3, 2)])
    assert [doubt.reason for doubt in found.doubts] == ["contours overlap"]
    assert not found.mask_XYZ[7, 8, 2]


def test_a_region_without_contours_is_empty(tmp_path: Path) -> None:
    """As where nothing was drawn yet."""
    found = drawn(tmp_path, [])
    assert found.mask_XYZ.shape == SHAPE
    assert not found.mask_XYZ.any()


TILTED = at(SQUARE, 2) + np.linspace(0, 4, 4)[:, None] * [0, 0, 1]


@pytest.mark.parametrize(
    ("contours", "reason", "what"),
    [
        ([at(SQUARE, 2.5)], "affines differ", "0.5 slices from the axial"),
        ([TILTED], "affines differ", "'liver' lies up to"),
        ([at(SQUARE, 5)], "beyond the image", "slice 5 of 5 axial"),
        ([at(SQUARE, -1)], "beyond the image", "slice -1"),
        ([at(SQUARE + np.array([0, 9]), 2)], "beyond the image", "leaves the image by 3 pixels"),
        ([at(SQUARE - np.array([4, 0]), 2)], "beyond the image", "leaves the image by 2 pixels"),
        ([at(SQUARE, 2), at(SQUARE / 2, 2.3)], "affines differ", "0.3 slices apart fall into axial slice 2"),
    ],
)
def test_contours_that_do_not_fit_are_refused(tmp_path: Path, contours: Any, reason: str, what: str) -> None:
    """With how far off they are."""
    with pytest.raises(DataError) as caught:
        drawn(tmp_path, contours)
    assert caught.value.reason == reason
    assert what in caught.value.detail


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "NONSENSE"])
def test_what_encloses_nothing_is_refused(tmp_path: Path, kind: str) -> None:
    """When it is drawn: other regions of the file stay usable."""
    with pytest.raises(DataError, match=kind) as caught:
        drawn(tmp_path, [at(SQUARE, 2)], kind=kind)
    assert caught.value.reason == "not an area"


def contour(dataset: Dataset) -> Dataset:
    item: Dataset = dataset.ROIContourSequence[0].ContourSequence[0]
    return item


def set_to(name: str, value: Any) -> Callable[[Dataset], None]:
    return lambda dataset: setattr(contour(dataset), name, value)


def other_frame(dataset: Dataset) -> None:
    extra = Dataset()
    extra.ROINumber, extra.ROIName, extra.ReferencedFrameOfReferenceUID = 2, "other", "1.2.3"
    dataset.StructureSetROISequence.append(extra)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (set_to("NumberOfContourPoints", 5), "expected 3 for each of 5 points"),
        (set_to("ContourData", [1.0, 2.0]), "2 numbers"),
        (set_to("ContourData", None), "numbers"),
        (lambda dataset: delattr(contour(dataset), "ContourGeometricType"), "without ContourGeometricType"),
        (lambda dataset: delattr(dataset, "StructureSetROISequence"), "without StructureSetROISequence"),
        (lambda dataset: delattr(dataset.StructureSetROISequence[0], "ROINumber"), "without ROINumber"),
        (lambda dataset: delattr(dataset.ROIContourSequence[0], "ReferencedROINumber"), "without ReferencedROINumber"),
        (other_frame, "several scans"),
    ],
)
def test_missing_and_contradicting_values_are_named(
    tmp_path: Path, change: Callable[[Dataset], None], what: str
) -> None:
    """And no value of the patient."""
    dataset = rtstruct({"liver": [at(SQUARE, 2)]})
    change(dataset)
    with pytest.raises(DataError) as caught:
        read_rtstruct(saved(dataset, tmp_path / "a.dcm")).drawn(LIVER, grid())
    assert what in caught.value.detail
    assert PATIENT not in str(caught.value)


def test_truncated_and_damaged_files_are_data_errors(tmp_path: Path) -> None:
    """At any length, and with any byte changed: a mask or a DataError."""
    whole = saved(rtstruct({"liver": [at(SQUARE, 2), at(SQUARE, 3)]}), tmp_path / "a.dcm").read_bytes()
    for length in range(0, len(whole), 37):
        _draw(tmp_path / "b.dcm", whole[:length])
    for index in range(128, len(whole), 5):
        _draw(tmp_path / "b.dcm", whole[:index] + bytes([whole[index] ^ 0x15]) + whole[index + 1 :])


def _draw(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with suppress(DataError):
        segmentation = read_rtstruct(path)
        for segment in segmentation.segments:
            assert segmentation.drawn(segment, grid()).mask_XYZ.shape == SHAPE


def test_positions_are_those_of_the_patient(tmp_path: Path) -> None:
    """One voxel, (3, 4, 1), worked out by hand: DICOM's first two axes run against the phantom's."""
    x, y, z = (origin + step * index for origin, step, index in zip(ORIGIN, SPACING, (3, 4, 1), strict=True))
    dataset = rtstruct({"liver": [np.array([[x, y, z]])]})
    contour(dataset).ContourData = [-x, -y, z]
    mask = read_rtstruct(saved(dataset, tmp_path / "a.dcm")).drawn(LIVER, grid()).mask_XYZ
    assert np.argwhere(mask).tolist() == [[3, 4, 1]]
