"""MetaImage files: SimpleITK writes them, and each voxel comes back where it put it."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from job.datasets.formats.detached import with_values
from job.datasets.formats.volumes import read_header
from job.errors import DataError
from job.storage import FileInfo
from tests.datasets.formats.phantom import CODES, affine, phantom
from tests.datasets.formats.sitk_image import sitk_image
from tests.datasets.make import write
from tests.datasets.volumes import local, read_volume
from tests.datasets.volumes import read_file as read

RAW = b"\x01\x02\x03\x04\x05\x06"
FIELDS = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Offset": "0 0 0",
    "ElementSpacing": "1 2 3",
    "DimSize": "1 2 3",
    "ElementType": "MET_UCHAR",
}


def text(values: bytes = RAW, data_file: str = "LOCAL", **changes: str | None) -> bytes:
    """Return a MetaImage by hand. changes: of its fields; None to leave one out."""
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    return (
        "\n".join(
            [f"{name} = {value}" for name, value in (fields | {"ElementDataFile": data_file}).items()] + [""]
        ).encode()
        + values
    )


def with_member(path: Path, *names: str) -> FileInfo:
    """Return an .mhd whose values lie in other files of its folder."""
    return replace(local(path), members=tuple(local(path.parent / name) for name in names))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("codes", CODES)
def test_voxels_lie_where_simpleitk_puts_them(tmp_path: Path, codes: str, packed: bool) -> None:
    """In all 48 orders of the stored axes, the canonical volume and its affine are those of the phantom."""
    SimpleITK.WriteImage(sitk_image(phantom(), codes), str(tmp_path / "a.mha"), packed)
    volume = read_volume(tmp_path / "a.mha")
    assert np.array_equal(volume.values_XYZ, phantom())
    assert np.allclose(volume.header.grid.affine, affine())
    assert volume.header.grid.codes == codes
    assert volume.header.oriented
    assert volume.header.spaced


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_types_of_simpleitk(tmp_path: Path, dtype: str) -> None:
    """Every whole and floating-point type."""
    SimpleITK.WriteImage(sitk_image(phantom((3, 100)).astype(dtype), "LPS"), str(tmp_path / "a.mha"))
    volume = read_volume(tmp_path / "a.mha")
    assert volume.values_XYZ.dtype == dtype
    assert np.array_equal(volume.values_XYZ, phantom((3, 100)))
    assert volume.header.value_bytes == np.dtype(dtype).itemsize


@pytest.mark.parametrize(("packed", "other"), [(False, "a.raw"), (True, "a.zraw")])
def test_values_in_a_file_beside_the_header(tmp_path: Path, packed: bool, other: str) -> None:
    """The header is read from the .mhd alone; its values are read from the member."""
    SimpleITK.WriteImage(sitk_image(phantom(), "RIA"), str(tmp_path / "a.mhd"), packed)
    assert read_header(local(tmp_path / "a.mhd")).grid.codes == "RIA"
    assert np.array_equal(read(with_member(tmp_path / "a.mhd", other)).values_XYZ, phantom())
    with pytest.raises(DataError, match=other) as caught:
        read(with_member(tmp_path / "a.mhd"))
    assert caught.value.reason == "values missing"


def test_the_file_that_a_header_names_is_found_beside_it(tmp_path: Path) -> None:
    """A header without it, a missing file and a damaged header have no member; the reader says why."""
    SimpleITK.WriteImage(sitk_image(phantom(), "RAS"), str(tmp_path / "a.mhd"))
    assert [member.address for member in with_values(local(tmp_path / "a.mhd")).members] == [str(tmp_path / "a.raw")]
    (tmp_path / "a.raw").rename(tmp_path / "b.raw")
    assert with_values(local(tmp_path / "a.mhd")).members == ()
    assert with_values(local(write(tmp_path / "c.mhd", b"no header"))).members == ()


def test_big_endian_values(tmp_path: Path) -> None:
    """256 is 1, 0 with the highest byte first."""
    for name in ("BinaryDataByteOrderMSB", "ElementByteOrderMSB"):
        data = text(b"\x01\x00" * 6, ElementType="MET_SHORT", **{name: "True"})
        assert set(read_volume(write(tmp_path / "a.mha", data)).values_XYZ.flat) == {256}


def test_the_first_axis_runs_fastest(tmp_path: Path) -> None:
    """Six values of 1 x 2 x 3 voxels in LPS: the second axis runs to the back."""
    assert read_volume(write(tmp_path / "a.mha", text())).values_XYZ.tolist() == [[[2, 4, 6], [1, 3, 5]]]


@pytest.mark.parametrize(("skip", "before", "after"), [("4", b"head", b""), ("-1", b"head", b""), ("0", b"", b"")])
def test_bytes_before_the_values(tmp_path: Path, skip: str, before: bytes, after: bytes) -> None:
    """HeaderSize counts them, or is -1 if the values end the file."""
    write(tmp_path / "a.raw", before + RAW + after)
    write(tmp_path / "a.mhd", text(b"", "a.raw", HeaderSize=skip))
    assert read(with_member(tmp_path / "a.mhd", "a.raw")).values_XYZ.tolist() == [[[2, 4, 6], [1, 3, 5]]]


def test_units_of_length(tmp_path: Path) -> None:
    """MetaImage's own unit is the millimetre."""
    header = read_header(local(write(tmp_path / "a.mha", text(DistanceUnits="cm", Offset="0 0 5"))))
    assert header.grid.spacing("axial").slice_mm == 30
    assert header.grid.affine[2, 3] == 50


def test_without_a_matrix_there_is_no_orientation(tmp_path: Path) -> None:
    """The axes of ITK's default, LPS, are taken, as a stack of axial slices is shown."""
    header = read_header(local(write(tmp_path / "a.mha", text(TransformMatrix=None, ElementSpacing=None))))
    assert (header.oriented, header.spaced, header.grid.codes) == (False, False, "LPS")


def test_older_names_of_fields(tmp_path: Path) -> None:
    """Position and Orientation; ElementSize where no spacing is stated."""
    old = text(TransformMatrix=None, Offset=None, ElementSpacing=None, ElementSize="1 2 4", Position="1 2 3")
    header = read_header(
        local(write(tmp_path / "a.mha", old.replace(b"BinaryData", b"Orientation = 0 1 0 1 0 0 0 0 1\nBinaryData")))
    )
    assert header.grid.codes == "PLS"
    assert header.grid.spacing("axial").slice_mm == 4


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"data_file": "LIST"}, "several files"),
        ({"data_file": "LIST 2"}, "several files"),
        ({"data_file": "a%03d.raw 1 3 1"}, "several files"),
        ({"data_file": "../a.raw"}, "beside"),
        ({"data_file": "/etc/passwd"}, "beside"),
        ({"data_file": "C:\\a.raw"}, "beside"),
        ({"data_file": ".."}, "beside"),
        ({"data_file": ""}, "several files"),
        ({"ElementNumberOfChannels": "3"}, "ElementNumberOfChannels is '3'"),
        ({"BinaryData": "False"}, "text"),
        ({"ObjectType": "Mesh"}, "Mesh"),
        ({"NDims": "4", "DimSize": "1 2 3 4"}, "NDims = 3"),
        ({"NDims": None}, "NDims"),
        ({"DimSize": "1 2"}, "DimSize"),
        ({"DimSize": "1 0 3"}, "DimSize"),
        ({"DimSize": "1 -2 3"}, "DimSize"),
        ({"DimSize": "1 2 " + "9" * 5000}, "DimSize"),
        ({"DimSize": "1 2 70000"}, "65536 along an axis"),
        ({"ElementType": "MET_STRING"}, "MET_STRING"),
        ({"ElementSpacing": "1 2"}, "elementspacing"),
        ({"ElementSpacing": "1 2 0"}, "positive"),
        ({"ElementSpacing": "1 2 nan"}, "elementspacing"),
        ({"TransformMatrix": "1 0 0 0 1 0 0 0 0"}, "no extent"),
        ({"TransformMatrix": "1 0 0 x 1 0 0 0 0"}, "transformmatrix"),
        ({"Offset": "1e999 0 0"}, "offset"),
        ({"DistanceUnits": "cubits"}, "cubits"),
        ({"HeaderSize": "-2"}, "HeaderSize"),
        ({"HeaderSize": "9" * 5000}, "HeaderSize"),
        ({"HeaderSize": "4", "CompressedData": "True"}, "HeaderSize"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    """It is never read as something else, and no file elsewhere is opened."""
    with pytest.raises(DataError, match=what):
        read_volume(write(tmp_path / "a.mha", text(**changes)))


@pytest.mark.parametrize("packed", [False, True])
def test_truncated_and_overlong_values(tmp_path: Path, packed: bool) -> None:
    """At each length, and with two megabytes more than the header declares."""
    pack = zlib.compress if packed else bytes
    whole = text(pack(RAW), CompressedData=str(packed))
    assert read_volume(write(tmp_path / "a.mha", whole)).values_XYZ.size == 6
    for length in range(len(whole)):
        with pytest.raises(DataError):
            read_volume(write(tmp_path / "b.mha", whole[:length]))
    with pytest.raises(DataError, match="follow the values"):
        read_volume(write(tmp_path / "c.mha", text(pack(bytes(2 << 20)), CompressedData=str(packed))))


def test_a_sound_stream_of_too_few_values_is_refused(tmp_path: Path) -> None:
    """Its checksum is right, but a value is missing."""
    with pytest.raises(DataError, match="6 bytes of values, 5 follow"):
        read_volume(write(tmp_path / "a.mha", text(zlib.compress(RAW[:5]), CompressedData="True")))


def test_a_header_that_declares_more_than_the_file_holds(tmp_path: Path) -> None:
    """Before memory is allocated: 30,000 voxels a side."""
    for packed in ("True", "False"):
        data = text(DimSize="30000 30000 30000", CompressedData=packed)
        with pytest.raises(DataError, match="the header declares"):
            read_header(local(write(tmp_path / "a.mha", data)))
    write(tmp_path / "a.raw", RAW)
    write(tmp_path / "a.mhd", text(b"", "a.raw", DimSize="30000 30000 30000"))
    with pytest.raises(DataError, match="the header declares"):
        read(with_member(tmp_path / "a.mhd", "a.raw"))


@pytest.mark.parametrize("data", [b"", b"ObjectType = Image\n", b"\0" * 1000, b"lines\nElementDataFile = LOCAL\n"])
def test_not_a_metaimage(tmp_path: Path, data: bytes) -> None:
    """Whatever lacks the form of the header is a DataError."""
    with pytest.raises(DataError, match="not a MetaImage"):
        read_volume(write(tmp_path / "a.mha", data))
