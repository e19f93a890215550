"""DICOM series: slices come back where their positions put them, and what does not belong together is refused."""

from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom import Dataset, Sequence, uid
from scipy.spatial.transform import Rotation

from job.datasets.formats.dicom import series
from job.datasets.formats.dicom.choice import of_series
from job.datasets.formats.volume import canonical_header, canonical_volume
from job.datasets.geometry import canonical_grid, to_canonical
from job.storage import FileInfo
from tests.datasets.formats.dicom.written import (
    ORDERS,
    TO_RAS,
    as_bytes,
    doubts,
    grid,
    image,
    members,
    one_file,
    phantom,
    read,
    refused,
    slices,
    stored,
    write,
)

AXIAL = stored(phantom(), grid())


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_every_orientation_gives_the_same_canonical_volume(tmp_path: Path, order: tuple[Any, Any]) -> None:
    """Axial, coronal or sagittal, head or feet first, supine or prone: the names of the files play no part."""
    volume = read(write(tmp_path / "a", slices(*stored(phantom(), grid(), order)), seed=ORDERS.index(order)))
    assert np.array_equal(volume.values_XYZ, phantom())
    assert np.allclose(volume.header.grid.affine, grid())
    assert volume.header.oriented
    assert volume.header.spaced
    assert volume.header.doubts == ()


@pytest.mark.parametrize("degrees", [(0, 0, 0), (7, -12, 25), (-3, 8, 140)])
def test_geometry_and_values_agree_with_simpleitk(tmp_path: Path, degrees: tuple[int, int, int]) -> None:
    turn = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    made = slices(*stored(phantom(), grid(turn=turn)), RescaleSlope="2.5", RescaleIntercept="-7")
    volume = read(write(tmp_path / "a", made, seed=1))
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "a")))
    theirs = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(theirs.GetDirection(), (3, 3)) @ np.diag(theirs.GetSpacing())
    affine[:3, 3] = theirs.GetOrigin()
    values = SimpleITK.GetArrayFromImage(theirs).transpose(2, 1, 0)
    expected = canonical_grid(values.shape, TO_RAS @ affine)
    assert np.allclose(volume.header.grid.affine, expected.affine, atol=1e-6)
    assert np.allclose(volume.values_XYZ, to_canonical(values, TO_RAS @ affine))


def test_a_single_slice_has_the_spacing_that_it_states(tmp_path: Path) -> None:
    """Its step is its thickness: nothing else is known about it."""
    planes, affine = AXIAL
    file = one_file(tmp_path / "a.dcm", slices(planes[:1], affine, SliceThickness="2")[0])
    volume = read(file)
    assert np.array_equal(volume.values_XYZ, phantom()[:, :, :1])
    assert np.allclose(volume.header.grid.affine, grid())


def test_a_gantry_tilt_stays_in_the_affine(tmp_path: Path) -> None:
    """Slices that are shifted to the back by the tangent of 20 degrees: the grid is oblique by 20 degrees."""
    planes, affine = AXIAL
    tilted = affine.copy()
    tilted[1, 0] = affine[2, 0] * np.tan(np.deg2rad(20))
    made = slices(planes, affine)
    for number, each in enumerate(made):
        each.ImagePositionPatient = [f"{value:.8f}" for value in (tilted @ [number, 0, 0, 1])[:3]]
    volume = read(write(tmp_path / "a", made))
    assert volume.header.grid.oblique_degrees == pytest.approx(20)
    assert np.array_equal(volume.values_XYZ, phantom())
    expected = canonical_grid(planes.shape, TO_RAS @ tilted)
    assert np.allclose(volume.header.grid.affine, expected.affine)


def test_headers_are_read_from_a_store(tmp_path: Path) -> None:
    """Only the first bytes of each file are fetched."""
    made = slices(*AXIAL)
    store = fsspec.filesystem("memory")
    files = []
    for number, each in enumerate(made):
        address = f"memory://dicom-series/{number}.dcm"
        store.pipe(address, as_bytes(each))
        files.append(FileInfo(address=address, size=len(as_bytes(each)), version=""))
    folder = FileInfo(address="memory://dicom-series/", size=0, version="", members=tuple(files))
    assert np.allclose(canonical_header(series.read_header(folder)).grid.affine, grid())


def test_integers_stay_integers_when_the_intercept_is_whole(tmp_path: Path) -> None:
    """12 bits without a sign, less 1024, fit into int16: the same values as the scanner meant."""
    planes, affine = stored((phantom() + 20).astype(np.uint16), grid())
    file = write(tmp_path / "a", slices(planes, affine, BitsStored=12, RescaleIntercept="-1024", RescaleSlope="1"))
    volume = read(file)
    assert volume.values_XYZ.dtype == np.int16
    assert np.array_equal(volume.values_XYZ, phantom() + 20 - 1024)
    assert volume.header.value_bytes == 2
    assert volume.header.label_step == 0


def test_slopes_may_differ_from_slice_to_slice(tmp_path: Path) -> None:
    """PET: each slice has a slope of its own."""
    planes, affine = AXIAL
    slopes = ["0.5", "1.5", "2.5", "4"]
    volume = read(write(tmp_path / "a", slices(planes, affine, RescaleSlope=slopes)))
    assert volume.values_XYZ.dtype == np.float32
    assert np.array_equal(volume.values_XYZ, phantom() * np.array(slopes, float))
    assert volume.header.label_step == 0
    assert volume.header.value_bytes == 4


def test_the_slope_of_all_slices_is_the_step_of_labels(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a", slices(*AXIAL, RescaleSlope="0.5"))).header.label_step == 0.5


def test_monochrome1_is_inverted_with_a_doubt(tmp_path: Path) -> None:
    """The lowest value, -32768, becomes the highest, 32767: v becomes -1 - v, before the slope."""
    made = slices(*AXIAL, PhotometricInterpretation="MONOCHROME1", RescaleIntercept="100", RescaleSlope="1")
    file = write(tmp_path / "a", made)
    assert np.array_equal(read(file).values_XYZ, 99 - phantom().astype(int))
    assert list(doubts(file)) == ["white is lowest"]


@pytest.mark.parametrize(
    ("centres", "expected"),
    [("40", (40, 400)), (["40", "40", "40", "50"], None), (["40", ["40", "60"], "40", "40"], (40, 400))],
)
def test_the_window_is_that_of_all_slices(tmp_path: Path, centres: Any, expected: Any) -> None:
    """Of several windows of a slice, the first counts."""
    made = slices(*AXIAL, WindowCenter=centres, WindowWidth="400")
    assert series.read_header(write(tmp_path / "a", made)).known.window == expected


@pytest.mark.parametrize(("centre", "width"), [("40", "0"), ("40", ""), ("", "400"), ("40", "-1")])
def test_a_window_without_width_is_none(tmp_path: Path, centre: str, width: str) -> None:
    made = slices(*AXIAL, WindowCenter=centre, WindowWidth=width)
    assert series.read_header(write(tmp_path / "a", made)).known.window is None


def test_the_frame_of_reference_is_named(tmp_path: Path) -> None:
    made = slices(*AXIAL)
    assert series.read_header(write(tmp_path / "a", made)).frame == made[0].FrameOfReferenceUID


def test_other_files_of_the_folder_are_left_out_with_a_doubt(tmp_path: Path) -> None:
    """A text, a DICOMDIR and a structured report have no pixels; their names are told."""
    file = write(tmp_path / "a", slices(*AXIAL))
    (tmp_path / "a" / "LICENSE").write_text("free")
    report = image(np.zeros((1, 1), np.uint8), PixelData=None, Rows=None, SOPClassUID=uid.BasicTextSRStorage)
    one_file(tmp_path / "a" / "report.dcm", report)
    assert "2 files" in doubts(members(tmp_path / "a"))["other files"]
    assert (
        "LICENSE (not a DICOM file), report.dcm (a DICOM file without pixels)"
        in doubts(members(tmp_path / "a"))["other files"]
    )
    assert np.array_equal(read(members(tmp_path / "a")).values_XYZ, read(file).values_XYZ)


def test_a_file_that_is_there_twice_is_used_once(tmp_path: Path) -> None:
    made = slices(*AXIAL)
    file = write(tmp_path / "a", [*made, made[2]])
    assert "1 files" in doubts(file)["doubled files"]
    assert np.array_equal(read(file).values_XYZ, phantom())


@pytest.mark.parametrize("elements", [{"ImagePositionPatient": [0, 0, 0]}, {"InstanceNumber": 9}])
def test_files_that_differ_must_not_share_an_identifier(tmp_path: Path, elements: dict[str, Any]) -> None:
    """Careless programs give all slices one SOPInstanceUID: none may be taken for a copy."""
    made = slices(*AXIAL)
    made[1].SOPInstanceUID = made[0].SOPInstanceUID
    made[1].ImagePositionPatient = made[0].ImagePositionPatient
    assert refused(write(tmp_path / "a", _set(made, 1, **elements))).reason == "doubled files"


@pytest.mark.parametrize("length", [300, 900])
def test_an_image_that_is_cut_off_before_its_pixels_is_no_other_file(tmp_path: Path, length: int) -> None:
    file = write(tmp_path / "a", slices(*AXIAL))
    path = Path(file.members[2].address)
    path.write_bytes(path.read_bytes()[:length])
    assert refused(members(tmp_path / "a")).detail == "002.dcm: truncated: the file of an image ends before its pixels"


def test_missing_slices_are_told(tmp_path: Path) -> None:
    """Of 6 slices, 2 mm apart from 10.5 mm, the fourth at 16.5 mm is missing."""
    made = slices(*stored(phantom((3, 4, 6)), grid()))
    detail = doubts(write(tmp_path / "a", [*made[:3], *made[4:]]))["missing slices"]
    assert detail.startswith("1 between 14.50 and 18.50 mm (the usual step is 2 mm)")


def test_unequal_spacing_is_told_in_numbers(tmp_path: Path) -> None:
    made = slices(*stored(phantom((3, 4, 6)), grid()))
    x, y, z = made[-1].ImagePositionPatient
    made[-1].ImagePositionPatient = [x, y, z + 0.5]
    found = doubts(write(tmp_path / "a", made))
    assert found == {"unequal spacing between slices": "2 to 2.5 mm, most often 2; all are taken as 2.1"}


def _set(made: list[Dataset], number: int, **elements: Any) -> list[Dataset]:
    for keyword, value in elements.items():
        if value is None:
            delattr(made[number], keyword)
        else:
            setattr(made[number], keyword, value)
    return made


@pytest.mark.parametrize(
    ("elements", "reason", "words"),
    [
        ({"SeriesInstanceUID": "1.2", "SeriesDescription": "T2"}, "several series", ["CT T2 (1 files)", "`series:`"]),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, 1]}, "several orientations", ["2 different"]),
        ({"FrameOfReferenceUID": "1.2"}, "several frames of reference", ["2 values"]),
        ({"PixelSpacing": [1, 1]}, "several spacings", ["0.75 to 1"]),
        ({"ImagePositionPatient": None}, "position missing", ["1 of 4 slices"]),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer", ["another series"]),
        ({"ImagePositionPatient": [3, 4, 12.5]}, "shifted slices", ["beside the line"]),
        ({"PixelSpacing": None}, "spacing missing", ["PixelSpacing"]),
        ({"RescaleSlope": "0"}, "unreadable", ["RescaleSlope is 0"]),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "several kinds of grey", ["MONOCHROME2 (3 slices)"]),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour volume", ["PALETTE COLOR"]),
        ({"PixelSpacing": [0, 1]}, "unreadable", ["PixelSpacing is 0, 1"]),
        ({"BitsStored": 17}, "unreadable", ["BitsStored 17"]),
        ({"HighBit": 14}, "unreadable", ["HighBit 14"]),
        ({"Rows": None}, "unreadable", ["Rows is missing"]),
        ({"Rows": 8}, "unreadable", ["truncated", "1 x 8 x 5"]),
    ],
)
def test_slices_that_do_not_belong_together_are_refused(
    tmp_path: Path, elements: dict[str, Any], reason: str, words: list[str]
) -> None:
    error = refused(write(tmp_path / "a", _set(slices(*AXIAL), 1, **elements)))
    assert error.reason == reason
    assert all(word in error.detail for word in words), error.detail


def test_one_series_of_a_folder_is_chosen_by_its_header(tmp_path: Path) -> None:
    """All values must fit. Wildcards match any text, capitals do not matter."""
    planes, affine = AXIAL
    body = slices(planes, affine, SeriesNumber="3", SeriesDescription="Body")
    head = slices(planes[:2] + 5, affine, SeriesNumber="2", SeriesDescription="Head")
    folder = write(tmp_path / "a", [*body, *head])
    for description, expected in (("body", phantom()), ("HE*", phantom()[:, :, :2] + 5)):
        found = of_series({"a": folder}, {"SeriesDescription": description, "Modality": "CT"})["a"]
        assert np.array_equal(read(found).values_XYZ, expected)
    assert of_series({"a": folder}, {"SeriesNumber": 4}) == {}
    assert len(of_series({"a": folder}, {"SeriesNumber": 2})["a"].members) == 2


def test_a_segmentation_in_the_folder_is_left_out_with_a_doubt(tmp_path: Path) -> None:
    write(tmp_path / "a", slices(*AXIAL))
    one_file(tmp_path / "a" / "seg.dcm", image(np.zeros((7, 5), np.uint8), SOPClassUID=uid.SegmentationStorage))
    assert "seg.dcm" in doubts(members(tmp_path / "a"))["other files"]


def test_slices_of_different_sizes_are_refused(tmp_path: Path) -> None:
    planes, affine = AXIAL
    made = [*slices(planes[:3], affine), *slices(planes[3:, :, :-1], affine)]
    for each in made:
        each.SeriesInstanceUID, each.FrameOfReferenceUID = "1.2", "1.3"
    error = refused(write(tmp_path / "a", made))
    assert error.reason == "several sizes"
    assert "7 x 5 (3 slices), 7 x 4 (1 slices)" in error.detail


def test_several_points_in_time_are_refused_with_what_differs(tmp_path: Path) -> None:
    made = slices(*AXIAL, AcquisitionTime="120000", EchoTime="30")
    later = slices(*AXIAL, AcquisitionTime="130000", EchoTime="30")
    for each in later:
        each.SeriesInstanceUID, each.FrameOfReferenceUID = made[0].SeriesInstanceUID, made[0].FrameOfReferenceUID
    error = refused(write(tmp_path / "a", [*made, *later]))
    assert error.reason == "several slices at one position"
    assert "8 slices at 4 positions; two at 10.50 mm differ in AcquisitionTime;" in error.detail


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("nothing")
    (tmp_path / "a" / "slice.dcm").write_text("version https://git-lfs.github.com/spec/v1")
    error = refused(members(tmp_path / "a"))
    assert error.reason == "no DICOM images"
    assert "slice.dcm (a Git LFS pointer" in error.detail


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    """A file whose pixels are cut off is no other file that may be left out."""
    file = write(tmp_path / "a", slices(*AXIAL))
    path = Path(file.members[1].address)
    path.write_bytes(path.read_bytes()[:-10])
    error = refused(members(tmp_path / "a"))
    assert error.detail.startswith("001.dcm: truncated: 1 x 7 x 5 pixels")


def test_a_series_of_compressed_slices_counts_what_is_held_in_memory(tmp_path: Path) -> None:
    """The largest compressed file lies in memory beside the values."""
    made = slices(*AXIAL)
    for each in made:
        each.compress("1.2.840.10008.1.2.5", encoding_plugin="pydicom", generate_instance_uid=False)
    file = write(tmp_path / "a", made)
    largest = max(member.size for member in file.members)
    assert series.read_header(file).value_bytes == 2 + -(-largest // phantom().size)
    assert np.array_equal(read(file).values_XYZ, phantom())


def test_a_colour_series_is_refused_by_name(tmp_path: Path) -> None:
    made = image(np.zeros((4, 5, 3), np.uint8), PhotometricInterpretation="YBR_FULL")
    error = refused(one_file(tmp_path / "a.dcm", made))
    assert (error.reason, "YBR_FULL" in error.detail) == ("colour volume", True)


def test_axes_of_the_spec_replace_those_of_the_file(tmp_path: Path) -> None:
    """Stored axes are slices, rows, columns."""
    file = write(tmp_path / "a", slices(*AXIAL))
    values: NDArray[Any] = series.read_values(file)
    volume = canonical_volume(values, series.read_header(file), "SPL")
    assert np.array_equal(volume.values_XYZ, phantom())


def _table(first: int, values: list[int]) -> list[Dataset]:
    table = Dataset()
    table.LUTDescriptor, table.LUTData, table.ModalityLUTType = [len(values), first, 16], values, "US"
    table["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    table["LUTData"].VR = "US"
    return Sequence([table])


def test_a_modality_table_translates_the_values_of_a_volume(tmp_path: Path) -> None:
    """Lower values are as its first entry, higher ones as its last (PS3.3 C.11.1.1.1)."""
    entries = [int(7 * value**1.1) for value in range(100)]
    made = slices(*AXIAL, ModalityLUTSequence=_table(-5, entries))
    volume = read(write(tmp_path / "a", made))
    expected = np.array(entries)[np.clip(phantom() + 5, 0, 99)]
    assert np.array_equal(volume.values_XYZ, expected)
    assert volume.values_XYZ.dtype == np.uint16


def test_a_table_beside_slope_and_intercept_is_told(tmp_path: Path) -> None:
    """There may be one of them; a viewer that takes the other shows other values."""
    made = slices(*AXIAL, ModalityLUTSequence=_table(0, list(range(100))), RescaleSlope="2", RescaleIntercept="0")
    assert "the table alone is applied" in doubts(write(tmp_path / "a", made))["two rescales"]
    plain = slices(*AXIAL, ModalityLUTSequence=_table(0, list(range(100))), RescaleSlope="1", RescaleIntercept="0")
    assert "two rescales" not in doubts(write(tmp_path / "b", plain))


def test_slices_may_have_tables_of_their_own(tmp_path: Path) -> None:
    """Each is translated by its own; one without is used as it is stored."""
    made = slices(*AXIAL)
    for number, plane in enumerate(made[1:], 1):
        plane.ModalityLUTSequence = _table(-20, [1000 * number + entry for entry in range(200)])
    volume = read(write(tmp_path / "a", made))
    for z in range(4):
        plane = phantom()[:, :, z]
        assert np.array_equal(volume.values_XYZ[:, :, z], plane + 20 + 1000 * z if z else plane)


@pytest.mark.parametrize("change", ["no data", "no descriptor", "short"])
def test_a_damaged_table_is_refused(tmp_path: Path, change: str) -> None:
    """And names no value."""
    (table,) = sequence = _table(0, [1, 2, 3])
    if change == "no data":
        del table.LUTData
    elif change == "no descriptor":
        del table.LUTDescriptor
    else:
        table.LUTDescriptor = [2000, 0, 16]
    assert refused(write(tmp_path / "a", slices(*AXIAL, ModalityLUTSequence=sequence))).reason == "unreadable"
