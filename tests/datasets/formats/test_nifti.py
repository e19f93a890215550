"""NIfTI files: the header from the first bytes, the scaled values, and what is refused."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from job import storage
from job.datasets.directions import ROWS_COLUMNS
from job.datasets.formats import volumes
from job.datasets.formats.volumes import read_header
from job.datasets.geometry import slice_at
from job.errors import DataError, StorageError
from job.storage import FileInfo
from tests.datasets.make import PLACED, nifti, numbered, stored_as, without_orientation, write
from tests.datasets.volumes import local, read_file, read_volume


def header(path: Path) -> Any:
    info = storage.info(str(path))
    assert info
    return read_header(info)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_versions_and_compression(tmp_path: Path, name: str, kind: Any) -> None:
    """NIfTI-1 and -2, compressed or not, give the same values and grid."""
    values = np.random.default_rng(0).integers(-1000, 1000, (3, 4, 5)).astype(np.int16)
    path = nifti(tmp_path / name, values, np.diag([1.0, 2, 3, 1]), kind)
    assert np.array_equal(read_volume(path).values_XYZ, values)
    assert header(path).grid.shape_XYZ == (3, 4, 5)
    assert header(path).oriented


def test_big_endian(tmp_path: Path) -> None:
    """Big-endian headers and values are read."""
    values = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    big = nib.Nifti1Image(values, np.eye(4), nib.Nifti1Header(endianness=">"))
    nib.save(big, tmp_path / "a.nii")
    assert (tmp_path / "a.nii").read_bytes()[:4] == b"\x00\x00\x01\x5c"
    assert np.array_equal(read_volume(tmp_path / "a.nii").values_XYZ, values)
    assert header(tmp_path / "a.nii").grid.shape_XYZ == (2, 3, 4)


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    """Stored values 0, 1, 2, … with slope 2 and intercept -1024 are -1024, -1022, …"""
    image = nib.Nifti1Image(np.arange(8, dtype=np.int16).reshape(2, 2, 2), np.eye(4))
    image.header.set_slope_inter(2, -1024)
    nib.save(image, tmp_path / "a.nii.gz")
    # nibabel scales the values when it saves them: replace them by the stored numbers
    raw = bytearray(gzip.decompress((tmp_path / "a.nii.gz").read_bytes()))
    raw[352:] = np.arange(8, dtype="<i2").tobytes()
    write(tmp_path / "b.nii", bytes(raw))
    assert read_volume(tmp_path / "b.nii").values_XYZ.ravel(order="F").tolist() == [-1024 + 2 * n for n in range(8)]


def test_axes_of_length_1_may_trail_or_be_missing(tmp_path: Path) -> None:
    """A fourth axis of length 1 is dropped; without a third axis there is one slice."""
    assert read_volume(nifti(tmp_path / "a.nii", np.ones((2, 3, 4, 1), np.uint8))).values_XYZ.shape == (2, 3, 4)
    assert read_volume(nifti(tmp_path / "b.nii", np.ones((2, 3), np.uint8))).values_XYZ.shape == (2, 3, 1)


def test_4d_is_refused_unless_a_channel_is_stated(tmp_path: Path) -> None:
    """Which of several volumes is meant is not guessed."""
    path = nifti(tmp_path / "a.nii.gz", np.ones((2, 3, 4, 5), np.uint8))
    for read in (header, read_volume):
        with pytest.raises(DataError, match="2 x 3 x 4 x 5; state `channel`, 0 to 4") as caught:
            read(path)
        assert caught.value.reason == "several volumes"


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("slope", [None, 0.5])
def test_a_channel_is_one_of_the_volumes_of_the_fourth_axis(tmp_path: Path, name: str, slope: float | None) -> None:
    """Counted from 0, scaled as the file says; with two megabytes of other channels behind it."""
    values = np.arange(2 * 3 * 4 * 3 * 16000, dtype=np.int32).reshape(2 * 16000, 3, 4, 3)
    volume = nib.Nifti1Image(values, np.eye(4))
    volume.header.set_slope_inter(slope, 0 if slope else None)
    nib.save(volume, tmp_path / name)
    for channel in range(3):
        read = read_file(replace(local(tmp_path / name), inside=str(channel)))
        assert np.array_equal(read.values_XYZ, nib.load(tmp_path / name).get_fdata()[..., channel])
    with pytest.raises(DataError, match="the file has 3, counted from 0; the spec states 3"):
        volumes.read_header(replace(local(tmp_path / name), inside="3"))


def test_rgb_and_complex_are_refused(tmp_path: Path) -> None:
    """Such voxels hold more than one number."""
    rgb = np.zeros((2, 3, 4), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    for values in (rgb, np.ones((2, 3, 4), np.complex64)):
        with pytest.raises(DataError) as caught:
            header(nifti(tmp_path / "a.nii.gz", values))
        assert caught.value.reason == "colour volume"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.9999])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_truncated_volume_is_unreadable(tmp_path: Path, name: str, share: float) -> None:
    """It is never read as half a volume."""
    values = np.random.default_rng(0).integers(0, 255, (20, 30, 40)).astype(np.uint8)
    path = nifti(tmp_path / name, values)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError) as caught:
        read_volume(path)
    assert caught.value.reason == "unreadable"


def test_a_flipped_bit_in_gzip_is_found(tmp_path: Path) -> None:
    """At compression level 0, only the checksum at the end can show it."""
    raw = nifti(tmp_path / "a.nii", np.zeros((20, 30, 40), np.uint8)).read_bytes()
    packed = bytearray(gzip.compress(raw, compresslevel=0))
    packed[len(packed) // 2] ^= 1
    with pytest.raises(DataError):
        read_volume(write(tmp_path / "b.nii.gz", bytes(packed)))


def test_a_header_that_declares_more_than_the_file_holds(tmp_path: Path) -> None:
    """30,000 voxels a side in a small file are refused before memory is allocated."""
    for name, pack in (("a.nii", bytes), ("a.nii.gz", gzip.compress)):
        raw = bytearray(nifti(tmp_path / "raw.nii", np.zeros((2, 3, 4), np.uint8)).read_bytes())
        raw[42:48] = np.array([30000] * 3, "<i2").tobytes()
        for read in (header, read_volume):
            with pytest.raises(DataError, match="the header declares"):
                read(write(tmp_path / name, pack(bytes(raw))))


@pytest.mark.parametrize("data", [b"", b"no volume", b"\x1f\x8b", b"\0" * 1000, gzip.compress(b"\0" * 1000, mtime=0)])
def test_not_a_volume(tmp_path: Path, data: bytes) -> None:
    """Whatever is not NIfTI is a DataError, for the header and for the values."""
    path = write(tmp_path / "a.nii.gz", data)
    for read in (header, read_volume):
        with pytest.raises(DataError):
            read(path)


def test_a_volume_without_orientation_is_taken_as_las(tmp_path: Path) -> None:
    """Its header has neither sform nor qform; NIfTI's default axes run left, anterior, superior."""
    path = without_orientation(tmp_path / "a.nii", np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    assert not header(path).oriented
    assert header(path).grid.codes == "LAS"
    assert np.array_equal(read_volume(path).values_XYZ, np.arange(24).reshape(2, 3, 4)[::-1])


@pytest.mark.parametrize("form", ["sform", "qform"])
def test_one_form_is_enough_for_an_orientation(tmp_path: Path, form: str) -> None:
    """A header may have an sform, a qform or both."""
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.uint8), None)
    set_form = image.set_sform if form == "sform" else image.set_qform
    set_form(np.diag([1.0, -1, 1, 1]), code=1)
    nib.save(image, tmp_path / "a.nii")
    assert header(tmp_path / "a.nii").oriented
    assert header(tmp_path / "a.nii").grid.codes == "RPS"


def test_a_header_needs_only_the_first_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The grid of a remote volume is known without fetching it."""
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 60)).astype(np.uint8)
    path = nifti(tmp_path / "a.nii.gz", noise)
    head = path.read_bytes()[: 1 << 16]
    monkeypatch.setattr(storage, "read_head", lambda address, length: head[:length])
    file = FileInfo(address="s3://bucket/a.nii.gz", size=path.stat().st_size, version="")
    assert read_header(file).grid.shape_XYZ == (60, 60, 60)


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    """A file that cannot be opened is not a faulty file."""
    with pytest.raises(StorageError):
        read_volume(tmp_path / "none.nii")


@pytest.mark.parametrize(
    ("offset", "data"),
    [
        (70, np.array([999], "<i2")),  # datatype
        (40, np.array([0], "<i2")),  # number of axes
        (42, np.array([-3], "<i2")),  # length of an axis
        (108, np.array([np.nan], "<f4")),  # where the values start
        (280, np.full(12, np.nan, "<f4")),  # sform
        (280, np.zeros(12, "<f4")),
    ],
)
def test_a_header_with_an_absurd_field(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, offset: int, data: Any
) -> None:
    """It is a DataError, and nibabel logs nothing."""
    raw = bytearray(nifti(tmp_path / "raw.nii", np.zeros((2, 3, 4), np.uint8)).read_bytes())
    raw[offset : offset + data.nbytes] = data.tobytes()
    for read in (header, read_volume):
        with pytest.raises(DataError):
            read(write(tmp_path / "a.nii", bytes(raw)))
    assert caplog.records == []


def doubts(path: Path) -> list[str]:
    return [doubt.reason for doubt in header(path).doubts]


def test_a_sound_header_raises_no_doubt(tmp_path: Path) -> None:
    """Sform and qform agree, nibabel writes both."""
    assert doubts(nifti(tmp_path / "a.nii.gz", numbered())) == []


@pytest.mark.parametrize(
    ("qform", "detail"),
    [
        (PLACED @ np.diag([-1, -1, 1, 1]), "sform states the axes RAS, qform LPS"),
        (PLACED + np.array([[0, 0, 0, 2]] + [[0] * 4] * 3), "their corners are up to 2 voxels apart"),
    ],
)
def test_forms_that_differ_are_doubted(tmp_path: Path, qform: NDArray[Any], detail: str) -> None:
    """By their axes, or by over a tenth of a voxel; sform counts, and the detail says how to override it."""
    image = nib.Nifti1Image(numbered(), PLACED)
    image.set_qform(qform, code=1)
    image.set_sform(PLACED, code=1)
    nib.save(image, tmp_path / "a.nii.gz")
    (doubt,) = header(tmp_path / "a.nii.gz").doubts
    assert doubt.reason == "sform and qform differ"
    assert doubt.detail == f"{detail}; sform is used, `axes:` overrides both"


def test_an_identity_affine_is_doubted(tmp_path: Path) -> None:
    """As of LiTS 28 to 47, whose orientation is lost; an affine that is nearly the identity is not."""
    assert doubts(nifti(tmp_path / "a.nii.gz", numbered(), np.eye(4))) == ["identity affine"]
    assert doubts(nifti(tmp_path / "b.nii.gz", numbered(), np.diag([1, 1, 1.5, 1]))) == []


@pytest.mark.parametrize("shape", [(4, 5, 1), (4, 1, 5), (1, 4, 5), (4, 5)])
def test_a_volume_of_one_slice_is_doubted(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """It may be a picture whose first axis runs down."""
    path = nifti(tmp_path / "a.nii.gz", np.ones(shape, np.uint8))
    (doubt,) = header(path).doubts
    assert doubt.reason == "one slice"
    assert doubt.detail.endswith("for a picture whose first axis runs down, set `axes: rows-columns`")


def test_the_step_of_labels_is_the_slope_of_stored_integers(tmp_path: Path) -> None:
    """0 for floats, and for integers without a slope."""
    image = nib.Nifti1Image(np.array([[[0.0, 5.0]]]), PLACED)
    image.set_data_dtype(np.int16)
    nib.save(image, tmp_path / "scaled.nii.gz")
    slope = nib.load(tmp_path / "scaled.nii.gz").dataobj.slope
    assert header(tmp_path / "scaled.nii.gz").label_step == pytest.approx(float(slope), rel=1e-6)
    assert header(nifti(tmp_path / "plain.nii.gz", numbered())).label_step == 0


@pytest.mark.parametrize(
    ("stored", "spacing"), [("RAS", (3, 2, 4)), ("LPS", (3, 2, 4)), ("PIL", (2, 4, 3)), ("SAR", (3, 4, 2))]
)
def test_axes_of_the_spec_replace_those_of_the_header(tmp_path: Path, stored: str, spacing: tuple[int, ...]) -> None:
    """The same voxels whatever the affine says; of it only the lengths count, 2, 3 and 4 mm as stored. No doubts."""
    values, _ = stored_as(numbered(), stored)
    volume = read_volume(nifti(tmp_path / "a.nii.gz", values, np.diag([2.0, 3.0, 4.0, 1])), stored)
    assert np.array_equal(volume.values_XYZ, numbered())
    assert volume.header.grid.spacing("axial") == spacing
    assert volume.header.doubts == ()


def test_a_picture_in_a_volume_stays_as_it_is_stored(tmp_path: Path) -> None:
    """`axes: rows-columns`: the first axis runs down, the second to the right."""
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    volume = read_volume(nifti(tmp_path / "a.nii.gz", picture[..., None], np.eye(4)), ROWS_COLUMNS)
    assert np.array_equal(slice_at(volume.values_XYZ, "axial", 0), picture)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html><html>sign in</html>", "an HTML page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(400), "PNG"),
    ],
)
def test_another_file_named_as_a_volume_is_named_for_what_it_is(tmp_path: Path, data: bytes, name: str) -> None:
    """Not called damaged."""
    with pytest.raises(DataError, match=f"not a NIfTI-1 or NIfTI-2 header \\(it is {name}"):
        header(write(tmp_path / "a.nii.gz", data))
