"""DICOM segmentations by highdicom: in every form, a segment lies on the image's grid where it was drawn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from job.datasets.formats.segments import dicom_file
from job.datasets.formats.segments.dicom_seg import read_seg
from job.datasets.formats.segments.segment import Segment
from job.errors import DataError
from tests.datasets.formats.phantom import SHAPE, grid, phantom
from tests.datasets.formats.segments.dicom_writers import FRAME, PATIENT, dicom_seg, saved

LIVER, TUMOUR = Segment(number=1, name="liver"), Segment(number=2, name="tumour")


def drawn(dataset: Dataset, tmp_path: Path, segment: Segment, codes: str = "LPS") -> Any:
    return read_seg(saved(dataset, tmp_path / "a.dcm")).drawn(segment, grid(codes))


def reordered(dataset: Dataset, order: list[int]) -> Dataset:
    """Return a binary segmentation with its frames in another order."""
    frames = dataset.pixel_array
    groups = dataset.PerFrameFunctionalGroupsSequence
    dataset.PerFrameFunctionalGroupsSequence = [groups[index] for index in order]
    bits = np.packbits(frames[order].ravel(), bitorder="little").tobytes()
    dataset.PixelData = bits + b"\0" * (len(bits) % 2)
    dataset.NumberOfFrames = len(order)
    return dataset


@pytest.mark.parametrize("axes", ["SPL", "IPL", "SAR", "SLP", "RSA", "AIL", "PRI"])
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_segments_lie_where_highdicom_puts_them(tmp_path: Path, kind: str, axes: str) -> None:
    """However the series that they were drawn on runs, and however the image is stored."""
    path = saved(dicom_seg(axes=axes, kind=kind), tmp_path / "a.dcm")
    segmentation = read_seg(path)
    assert segmentation.segments == (LIVER, TUMOUR)
    assert segmentation.frame == FRAME
    for codes in ("LPS", "RAS", "PIR"):
        for segment in segmentation.segments:
            found = segmentation.drawn(segment, grid(codes))
            assert np.array_equal(found.mask_XYZ, phantom() == segment.number)
            assert found.doubts == ()


@pytest.mark.parametrize("omit", [True, False])
def test_missing_frames_are_empty(tmp_path: Path, omit: bool) -> None:
    """Most writers leave out empty frames."""
    dataset = dicom_seg(omit_empty_frames=omit)
    assert (int(dataset.NumberOfFrames) < 2 * SHAPE[2]) == omit
    assert np.array_equal(drawn(dataset, tmp_path, TUMOUR).mask_XYZ, phantom() == 2)


def test_frames_in_any_order(tmp_path: Path) -> None:
    """Of all segments, the last first."""
    dataset = dicom_seg()
    order = list(range(int(dataset.NumberOfFrames)))[::-1]
    order[0], order[2] = order[2], order[0]
    assert np.array_equal(drawn(reordered(dataset, order), tmp_path, LIVER).mask_XYZ, phantom() == 1)


def test_one_segment_may_be_stated_for_all_frames(tmp_path: Path) -> None:
    """In the shared functional groups, as highdicom does."""
    dataset = dicom_seg(names=["liver"])
    assert "SegmentIdentificationSequence" in dataset.SharedFunctionalGroupsSequence[0]
    assert np.array_equal(drawn(dataset, tmp_path, LIVER).mask_XYZ, phantom() == 1)


def test_orientation_and_spacing_may_be_stated_for_each_frame(tmp_path: Path) -> None:
    """In place of once for all."""
    dataset = dicom_seg()
    (shared,) = dataset.SharedFunctionalGroupsSequence
    for group in dataset.PerFrameFunctionalGroupsSequence:
        for name in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
            setattr(group, name, getattr(shared, name))
    del shared.PlaneOrientationSequence, shared.PixelMeasuresSequence
    assert np.array_equal(drawn(dataset, tmp_path, TUMOUR).mask_XYZ, phantom() == 2)


def test_a_fraction_belongs_to_the_segment_from_half_of_the_maximum(tmp_path: Path) -> None:
    """Which is doubted, because another bound may be meant."""
    dataset = dicom_seg(names=["liver"], kind="FRACTIONAL", max_fractional_value=200)
    values = dataset.pixel_array
    values[values == 200] = np.resize([99, 100, 101, 200], (values == 200).sum())
    dataset.PixelData = values.tobytes()
    path = saved(dataset, tmp_path / "a.dcm")
    segmentation = read_seg(path)
    assert [doubt.reason for doubt in segmentation.doubts] == ["fractional segments"]
    assert segmentation.drawn(LIVER, grid()).mask_XYZ.sum() == (values >= 100).sum()


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_transfer_syntaxes_of_binary_segments(tmp_path: Path, syntax: Any) -> None:
    """Deflated as a whole, and without types of values."""
    dataset = pydicom.dcmread(saved(dicom_seg(), tmp_path / "b.dcm"))
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(
        tmp_path / "a.dcm",
        dataset,
        little_endian=syntax.is_little_endian,
        implicit_vr=syntax.is_implicit_VR,
        force_encoding=True,
    )
    segmentation = read_seg(tmp_path / "a.dcm")
    assert np.array_equal(segmentation.drawn(LIVER, grid()).mask_XYZ, phantom() == 1)
    assert dicom_file.modality(tmp_path / "a.dcm") == "SEG"


def test_a_label_map_of_16_bits(tmp_path: Path) -> None:
    """More than 255 segments need them."""
    dataset = dicom_seg(kind="LABELMAP")
    dataset.PixelData = dataset.pixel_array.astype("<u2").tobytes()
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    assert np.array_equal(drawn(dataset, tmp_path, TUMOUR).mask_XYZ, phantom() == 2)


@pytest.mark.parametrize("kind", ["FRACTIONAL", "LABELMAP"])
def test_run_length_encoding(tmp_path: Path, kind: str) -> None:
    """By pydicom's own decoder."""
    dataset = dicom_seg(kind=kind, transfer_syntax_uid=RLELossless)
    assert np.array_equal(drawn(dataset, tmp_path, TUMOUR).mask_XYZ, phantom() == 2)


def test_a_smaller_extent_is_placed(tmp_path: Path) -> None:
    """Only the rows and columns around the object are stored: 54 pixels, so that a frame begins within a byte."""
    dataset = dicom_seg(names=["liver"])
    frames = dataset.pixel_array[:, 6:15, 6:12]  # rows to the back, columns to the left
    dataset.Rows, dataset.Columns = 9, 6
    bits = np.packbits(frames.ravel(), bitorder="little").tobytes()
    dataset.PixelData = bits + b"\0" * (len(bits) % 2)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        position = group.PlanePositionSequence[0]
        x, y, z = position.ImagePositionPatient
        position.ImagePositionPatient = [x + 6 * 1.5, y + 6 * 1.0, z]
    assert np.array_equal(drawn(dataset, tmp_path, LIVER).mask_XYZ, phantom() == 1)


def moved(mm: float) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        for group in dataset.PerFrameFunctionalGroupsSequence:
            position = group.PlanePositionSequence[0]
            x, y, z = position.ImagePositionPatient
            position.ImagePositionPatient = [x, y, z + mm]

    return change


def changed(**values: Any) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        for name, value in values.items():
            if value is None:
                delattr(dataset, name)
            else:
                setattr(dataset, name, value)

    return change


def shared(macro: str, name: str, value: Any) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        item = getattr(dataset.SharedFunctionalGroupsSequence[0], macro)[0]
        changed(**{name: value})(item)

    return change


def without_positions(dataset: Dataset) -> None:
    for group in dataset.PerFrameFunctionalGroupsSequence:
        del group.PlanePositionSequence


@pytest.mark.parametrize(
    ("change", "reason", "what"),
    [
        (moved(1.0), "affines differ", "0.333 voxels"),
        (moved(60.0), "beyond the image", "Z 22 to 22"),
        (moved(float("1e300")), "affines differ", "voxels"),
        (shared("PixelMeasuresSequence", "PixelSpacing", [1.0, 1.0]), "affines differ", "voxels"),
        (shared("PixelMeasuresSequence", "PixelSpacing", [1.0]), "unreadable", "2 finite numbers as PixelSpacing"),
        (shared("PixelMeasuresSequence", "PixelSpacing", None), "unreadable", "without PixelSpacing"),
        (shared("PlaneOrientationSequence", "ImageOrientationPatient", [1, 0, 0, 1, 0, 0]), "affines differ", ""),
        (changed(SharedFunctionalGroupsSequence=None), "unreadable", "Sequence"),
        (changed(PerFrameFunctionalGroupsSequence=None), "unreadable", "without PerFrameFunctionalGroupsSequence"),
        (without_positions, "unreadable", "no PlanePositionSequence"),
        (changed(SegmentSequence=None), "unreadable", "without SegmentSequence"),
        (changed(SegmentationType=None), "unreadable", "without SegmentationType"),
        (changed(SegmentationType="SURFACE"), "unreadable", "SURFACE"),
        (changed(PixelData=None), "unreadable", "without PixelData"),
        (changed(Rows=None), "unreadable", "without Rows"),
        (changed(Rows=60000, Columns=60000), "unreadable", "bytes of pixels"),
        (changed(Columns=6), "unreadable", "bytes of pixels"),
        (changed(NumberOfFrames=99), "unreadable", "bytes of pixels"),
        (changed(BitsAllocated=16), "unreadable", "of 16 bits"),
        (changed(SamplesPerPixel=3), "unreadable", "3 values"),
    ],
)
def test_what_does_not_fit_or_is_missing_is_named(
    tmp_path: Path, change: Callable[[Dataset], None], reason: str, what: str
) -> None:
    """Never a mask in the wrong place, and no value of the patient in the error."""
    dataset = pydicom.dcmread(saved(dicom_seg(), tmp_path / "b.dcm"))
    change(dataset)
    with pytest.raises(DataError) as caught:
        drawn(dataset, tmp_path, LIVER)
    assert caught.value.reason == reason
    assert what in caught.value.detail
    assert PATIENT not in str(caught.value)


def test_slices_of_another_distance_are_doubted(tmp_path: Path) -> None:
    """Drawn on every second slice, it has gaps on this image."""
    dataset = pydicom.dcmread(saved(dicom_seg(), tmp_path / "b.dcm"))
    shared("PixelMeasuresSequence", "SpacingBetweenSlices", 6.0)(dataset)
    (doubt,) = drawn(dataset, tmp_path, LIVER).doubts
    assert "6 mm apart, the image's 3 mm" in doubt.detail


def test_a_compression_of_unknown_size_is_refused(tmp_path: Path) -> None:
    """By its name."""
    dataset = pydicom.dcmread(saved(dicom_seg(), tmp_path / "b.dcm"))
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    dataset.PixelData = pydicom.encaps.encapsulate([dataset.PixelData])
    with pytest.raises(DataError, match="JPEG 2000"):
        drawn(dataset, tmp_path, LIVER)


def test_a_segment_without_frames_is_empty(tmp_path: Path) -> None:
    """As where a finding is absent."""
    saved(dicom_seg(), tmp_path / "a.dcm")
    assert not read_seg(tmp_path / "a.dcm").drawn(Segment(number=9, name=""), grid()).mask_XYZ.any()


def test_truncated_and_damaged_files_are_data_errors(tmp_path: Path) -> None:
    """At any length, and with any byte changed: a mask or a DataError."""
    whole = saved(dicom_seg(), tmp_path / "a.dcm").read_bytes()
    for length in range(0, len(whole), 97):
        _draw(tmp_path / "b.dcm", whole[:length])
    for at in range(128, len(whole), 61):
        _draw(tmp_path / "b.dcm", whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])


def _draw(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with suppress(DataError):
        segmentation = read_seg(path)
        for segment in segmentation.segments:
            assert segmentation.drawn(segment, grid()).mask_XYZ.shape == SHAPE


@pytest.mark.parametrize("cut", [0, 1])
def test_a_deflated_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    """Pydicom would unpack it whole, whatever its size. So is one that ends too early."""
    dataset = pydicom.dcmread(saved(dicom_seg(), tmp_path / "b.dcm"))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.add_new(0x00420011, "OB", bytes(1 << 22))
    pydicom.dcmwrite(tmp_path / "a.dcm", dataset, little_endian=True, implicit_vr=False, force_encoding=True)
    data = (tmp_path / "a.dcm").read_bytes()
    if cut:
        (tmp_path / "a.dcm").write_bytes(data[:-50])
    else:
        monkeypatch.setattr(dicom_file, "MAX_INFLATED", 1 << 21)
    for read in (read_seg, dicom_file.modality):
        with pytest.raises(DataError, match="truncated" if cut else "unpacks to over"):
            read(tmp_path / "a.dcm")
    assert len(data) < 1 << 18
