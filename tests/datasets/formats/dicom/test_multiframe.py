"""Files of several frames: enhanced CT, MR and PET with functional groups (PS3.3 C.7.6.16), and cine loops."""

import io
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import EnhancedMRImageStorage

from job.datasets.formats.dicom import series
from job.datasets.geometry import canonical_grid, to_canonical
from tests.datasets.formats.dicom.written import (
    ORDERS,
    TO_RAS,
    as_bytes,
    doubts,
    grid,
    image,
    one_file,
    phantom,
    read,
    refused,
    slices,
    stored,
)

AXIAL = stored(phantom(), grid())


def _item(**elements: Any) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def _enhanced(order: Any = ORDERS[0], frames: list[int] | None = None) -> Dataset:
    """Return an MR whose frames, in any order, state their position; spacing and orientation are shared."""
    planes, affine = stored(phantom(), grid(), order)
    single = slices(planes, affine)
    frames = frames or list(np.random.default_rng(3).permutation(len(planes)))
    made = image(planes[frames], frames=len(frames), SOPClassUID=EnhancedMRImageStorage, Modality="MR")
    made.FrameOfReferenceUID = "1.2.3"
    shared = _item(
        PixelMeasuresSequence=[_item(PixelSpacing=single[0].PixelSpacing, SliceThickness="9")],
        PlaneOrientationSequence=[_item(ImageOrientationPatient=single[0].ImageOrientationPatient)],
    )
    made.SharedFunctionalGroupsSequence = [shared]
    made.PerFrameFunctionalGroupsSequence = [
        _item(PlanePositionSequence=[_item(ImagePositionPatient=single[frame].ImagePositionPatient)])
        for frame in frames
    ]
    return made


@pytest.mark.parametrize("order", ORDERS[::5], ids=str)
def test_frames_come_back_where_their_positions_put_them(tmp_path: Path, order: Any) -> None:
    file = one_file(tmp_path / "a.dcm", _enhanced(order))
    volume = read(file)
    assert np.array_equal(volume.values_XYZ, phantom())
    assert np.allclose(volume.header.grid.affine, grid())
    assert volume.header.frame == "1.2.3"
    assert volume.header.doubts == ()


def test_a_file_that_highdicom_writes_is_read_as_it_reads_it(tmp_path: Path) -> None:
    """A converted CT series: the frames keep slope, intercept and position."""
    singles = []
    for made in slices(*stored(phantom(), grid(), ORDERS[11]), RescaleSlope="1", RescaleIntercept="-1000"):
        made.update(dict.fromkeys(("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"), ""))
        made.ReferringPhysicianName = made.Manufacturer = made.PositionReferenceIndicator = made.AccessionNumber = ""
        made.SeriesNumber, made.AcquisitionNumber = 1, 1
        made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        singles.append(pydicom.dcmread(io.BytesIO(as_bytes(made))))
    converted = hd.legacy.LegacyConvertedEnhancedCTImage(singles, "1.2.3.4", 2, "1.2.3.5", 1)
    volume = read(one_file(tmp_path / "a.dcm", converted))
    assert np.array_equal(volume.values_XYZ, phantom() - 1000)
    assert np.allclose(volume.header.grid.affine, grid())
    theirs = hd.imread(tmp_path / "a.dcm").get_volume()
    affine = TO_RAS @ theirs.affine
    assert np.array_equal(volume.values_XYZ, to_canonical(theirs.array, affine))
    assert np.allclose(volume.header.grid.affine, canonical_grid(theirs.array.shape, affine).affine)


def test_each_frame_may_have_a_slope_of_its_own(tmp_path: Path) -> None:
    made = _enhanced(((2, 1, 0), (1, -1, -1)), frames=[2, 0, 3, 1])
    for frame, item in zip([2, 0, 3, 1], made.PerFrameFunctionalGroupsSequence, strict=True):
        item.PixelValueTransformationSequence = [_item(RescaleSlope=str(frame + 0.5), RescaleIntercept="0")]
    assert np.array_equal(read(one_file(tmp_path / "a.dcm", made)).values_XYZ, phantom() * (np.arange(4) + 0.5))


def test_the_slope_may_be_shared(tmp_path: Path) -> None:
    made = _enhanced()
    shared = made.SharedFunctionalGroupsSequence[0]
    shared.PixelValueTransformationSequence = [_item(RescaleSlope="2", RescaleIntercept="1")]
    shared.FrameVOILUTSequence = [_item(WindowCenter="30", WindowWidth="60")]
    volume = read(one_file(tmp_path / "a.dcm", made))
    assert np.array_equal(volume.values_XYZ, 2 * phantom() + 1)
    assert volume.header.known.window == (30, 60)


def test_functional_groups_for_other_than_all_frames_are_refused(tmp_path: Path) -> None:
    made = _enhanced()
    del made.PerFrameFunctionalGroupsSequence[-1]
    items = len(made.PerFrameFunctionalGroupsSequence)
    detail = refused(one_file(tmp_path / "a.dcm", made)).detail
    assert detail == f"PerFrameFunctionalGroupsSequence has {items} items, NumberOfFrames is {items + 1}"


def test_frames_of_several_points_in_time_are_refused_with_what_differs(tmp_path: Path) -> None:
    made = _enhanced(((2, 1, 0), (1, -1, -1)), frames=[0, 1, 0, 1])
    for number, item in enumerate(made.PerFrameFunctionalGroupsSequence):
        item.FrameContentSequence = [_item(TemporalPositionIndex=number // 2, InStackPositionNumber=number)]
    error = refused(one_file(tmp_path / "a.dcm", made))
    assert error.reason == "several slices at one position"
    assert "4 slices at 2 positions; two at 10.50 mm differ in TemporalPositionIndex;" in error.detail


def test_frames_without_groups_of_their_own_have_no_position(tmp_path: Path) -> None:
    made = _enhanced()
    del made.PerFrameFunctionalGroupsSequence
    assert not series.read_header(one_file(tmp_path / "a.dcm", made)).oriented


def test_a_cine_loop_is_a_stack_without_orientation(tmp_path: Path) -> None:
    """Slices are frames; rows run down and columns to the right, as they are shown."""
    frames = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    file = one_file(tmp_path / "a.dcm", image(frames, frames=3, Modality="US"))
    header, values = series.read_header(file), series.read_values(file)
    assert np.array_equal(values, frames)
    assert values.dtype == np.uint8
    assert (header.shape, header.oriented, header.spacing_mm) == ((3, 4, 5), False, None)
    assert np.array_equal(read(file).values_XYZ[::-1, ::-1, 1].T, frames[1])
    assert doubts(file) == {}


def test_one_position_for_several_frames_orders_nothing(tmp_path: Path) -> None:
    """A position beside the frames, not in them, is that of the first: the stack has no orientation."""
    made = slices(*AXIAL)[0]
    cine = image(np.zeros((3, 7, 5), np.uint8), frames=3)
    cine.ImagePositionPatient, cine.ImageOrientationPatient = made.ImagePositionPatient, made.ImageOrientationPatient
    assert not series.read_header(one_file(tmp_path / "a.dcm", cine)).oriented


def test_colour_loops_are_refused_by_name(tmp_path: Path) -> None:
    error = refused(one_file(tmp_path / "a.dcm", image(np.zeros((2, 4, 4, 3), np.uint8), frames=2)))
    assert (error.reason, "RGB" in error.detail) == ("colour volume", True)


@pytest.mark.parametrize("frames", [1, 3])
def test_only_several_frames_make_a_file_a_volume(frames: int) -> None:
    """A slice with a position is a picture: data sets of single CT slices are common."""
    made = image(np.zeros((frames, 4, 5), np.uint8)[slice(None) if frames > 1 else 0], frames=frames)
    assert series.is_stack(as_bytes(made)) == (frames > 1)
    assert series.is_stack(as_bytes(made)[:-20]) == (frames > 1)
    assert not series.is_stack(as_bytes(slices(*AXIAL)[0]))


def test_a_stack_is_known_before_its_functional_groups_end() -> None:
    """They may be longer than the first bytes that are read."""
    data = as_bytes(_enhanced())
    assert series.is_stack(data[: data.index(b"\x00\x52\x30\x92") + 20])


def test_first_bytes_that_are_damaged_are_no_stack() -> None:
    assert not series.is_stack(b"\0" * 128 + b"DICM" + b"\xff" * 40)
