"""NRRD files: SimpleITK and pynrrd write them, and each voxel comes back where they put it."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import Any

import nrrd as pynrrd
import numpy as np
import pytest
import SimpleITK

from job.datasets.formats.volumes import read_header
from job.errors import DataError
from tests.datasets.formats.phantom import CODES, affine, in_lps, phantom, stored
from tests.datasets.formats.sitk_image import sitk_image
from tests.datasets.make import write
from tests.datasets.volumes import local, read_volume

RAW = b"\x01\x02\x03\x04\x05\x06"
FIELDS = {
    "type": "uint8",
    "dimension": "3",
    "sizes": "1 2 3",
    "encoding": "raw",
    "space": "left-posterior-superior",
    "space directions": "(1,0,0) (0,2,0) (0,0,3)",
    "space origin": "(0,0,0)",
}


def text(values: bytes = RAW, **changes: str | None) -> bytes:
    """Return an NRRD file by hand. changes: of its fields, `_` for a blank; None to leave one out."""
    fields = FIELDS | {name.replace("_", " "): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\n".join(["NRRD0004", "# a comment: no field", *lines, "a key:=a: value", "", ""]).encode() + values


@pytest.mark.parametrize("codes", CODES)
def test_voxels_lie_where_simpleitk_puts_them(tmp_path: Path, codes: str) -> None:
    """In all 48 orders of the stored axes, the canonical volume and its affine are those of the phantom."""
    SimpleITK.WriteImage(sitk_image(phantom(), codes), str(tmp_path / "a.nrrd"))
    volume = read_volume(tmp_path / "a.nrrd")
    assert np.array_equal(volume.values_XYZ, phantom())
    assert np.allclose(volume.header.grid.affine, affine())
    assert volume.header.grid.codes == codes
    assert volume.header.oriented
    assert volume.header.spaced


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", "<u4", ">i8", "<u8", ">f4", "<f8"])
def test_types_byte_orders_and_encodings_of_pynrrd(tmp_path: Path, dtype: str, encoding: str) -> None:
    """The values and, but for the byte order, the type come back."""
    values, placed = stored(phantom((3, 100)).astype(dtype), "LPS")
    header = {"space": "left-posterior-superior", "encoding": encoding, "endian": "big" if ">" in dtype else "little"}
    header |= {"space directions": in_lps(placed)[:3, :3].T, "space origin": in_lps(placed)[:3, 3]}
    pynrrd.write(str(tmp_path / "a.nrrd"), values, header, index_order="F")
    volume = read_volume(tmp_path / "a.nrrd")
    assert volume.values_XYZ.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(volume.values_XYZ, phantom((3, 100)))
    assert np.allclose(volume.header.grid.affine, affine())


@pytest.mark.parametrize(
    ("space", "codes", "steps_mm"),
    [
        ("right-anterior-superior", "RAS", [1, 2, 3]),
        ("RAS", "RAS", [1, 2, 3]),
        ("left-anterior-superior", "LAS", [1, 2, 3]),
        ("LPS", "LPS", [1, 2, 3]),
        ("posterior-left-superior", "PLS", [2, 1, 3]),
    ],
)
def test_spaces(tmp_path: Path, space: str, codes: str, steps_mm: list[float]) -> None:
    """Steps of 1, 2 and 3 mm along the first, second and third direction of each space."""
    grid = read_header(local(write(tmp_path / "a.nrrd", text(space=space)))).grid
    assert grid.codes == codes
    assert np.diag(grid.affine)[:3].tolist() == steps_mm


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1), ("um", 1e-3), ("cm", 10), ("micron", 1e-3)])
def test_units_of_length(tmp_path: Path, unit: str, factor: float) -> None:
    """The third axis has steps of 3 of the unit."""
    data = text(space_units=f'"{unit}" "{unit}" "{unit}"', space_origin="(0,0,5)")
    header = read_header(local(write(tmp_path / "a.nrrd", data)))
    assert header.grid.spacing("axial").slice_mm == pytest.approx(3 * factor)
    assert header.grid.affine[2, 3] == pytest.approx(5 * factor)
    assert header.doubts == ()


def test_an_unknown_unit_is_doubted(tmp_path: Path) -> None:
    """It is taken as millimetres."""
    header = read_header(local(write(tmp_path / "a.nrrd", text(space_units='"cubit" "cubit" "cubit"'))))
    assert [doubt.reason for doubt in header.doubts] == ["unit unknown"]
    assert header.grid.spacing("axial").slice_mm == 3


@pytest.mark.parametrize(
    ("fields", "spaced"),
    [
        ({"space": None, "space_directions": None, "space_origin": None}, False),
        ({"space": None, "space_directions": None, "space_origin": None, "spacings": "1 2 3"}, True),
        ({"space": None, "space_directions": None, "space_origin": None, "spacings": "1 2 nan"}, False),
        ({"space": "3D-right-handed"}, True),
    ],
)
def test_without_an_anatomical_space_there_is_no_orientation(tmp_path: Path, fields: Any, spaced: bool) -> None:
    """The first axis then counts the columns of slices, as they are shown; `axes:` may state another."""
    path = write(tmp_path / "a.nrrd", text(**fields))
    header = read_header(local(path))
    assert (header.oriented, header.spaced, header.grid.codes) == (False, spaced, "LPS")
    assert read_header(local(path), "RAS").oriented


def test_a_missing_origin_is_doubted(tmp_path: Path) -> None:
    """Where the volume lies is then not known, but its orientation is."""
    header = read_header(local(write(tmp_path / "a.nrrd", text(space_origin=None))))
    assert [doubt.reason for doubt in header.doubts] == ["position unknown"]
    assert header.oriented


def test_the_first_axis_runs_fastest_and_line_ends_may_be_those_of_windows(tmp_path: Path) -> None:
    """Six values of 1 x 2 x 3 voxels, RAS+."""
    data = text(b"", space="RAS").replace(b"\n", b"\r\n") + RAW
    assert read_volume(write(tmp_path / "a.nrrd", data)).values_XYZ.tolist() == [[[1, 3, 5], [2, 4, 6]]]


def test_a_list_axis_of_one_is_dropped(tmp_path: Path) -> None:
    """Of several, which is meant is not guessed."""
    one = {"dimension": "4", "sizes": "1 1 2 3", "space_directions": "none (1,0,0) (0,2,0) (0,0,3)"}
    assert read_volume(write(tmp_path / "a.nrrd", text(**one))).values_XYZ.shape == (1, 2, 3)
    two = write(
        tmp_path / "b.nrrd", text(RAW * 2, **(one | {"sizes": "2 1 2 3", "kinds": "list domain domain domain"}))
    )
    for read in (lambda path: read_header(local(path)), read_volume):
        with pytest.raises(DataError, match="2 x 1 x 2 x 3") as caught:
            read(two)
        assert caught.value.reason == "several volumes"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"data_file": "/etc/passwd"}, "detached"),
        ({"datafile": "a.raw"}, "another file"),
        ({"encoding": "hex"}, "hex"),
        ({"encoding": "ascii"}, "ascii"),
        ({"byte_skip": "-1"}, "byte skip"),
        ({"line_skip": "1"}, "line skip"),
        ({"type": "block"}, "block"),
        ({"type": "int16"}, "endian"),
        ({"dimension": "2", "sizes": "2 3", "space": None, "space_directions": None}, "3 axes"),
        ({"kinds": "RGB-color domain domain", "space_directions": None}, "3 axes"),
        ({"sizes": "1 0 3"}, "sizes"),
        ({"sizes": "1 -2 3"}, "sizes"),
        ({"sizes": "1 2 " + "9" * 5000}, "sizes"),
        ({"sizes": "1 2 70000"}, "65536 along an axis"),
        ({"dimension": "7"}, "dimension"),
        ({"space_directions": "(1,0,0) (0,2,0)"}, "space directions"),
        ({"space_directions": "(1,0,0) (0,2,0) (0,0,nan)"}, "finite"),
        ({"space_directions": "(1,0,0) (0,2,0) (0,0,x)"}, "vectors"),
        ({"space_directions": "(1,0) (0,2) (0,0)"}, "expected 3"),
        ({"space_directions": "(1,0,0) (0,2,0) (0,0,0)"}, "no extent"),
        ({"space_origin": "(1e999,0,0)"}, "finite"),
        ({"space_units": '"mm" "cm" "mm"'}, "units"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, changes: dict[str, str | None], what: str) -> None:
    """It is never read as something else, and no other file is opened."""
    with pytest.raises(DataError, match=what):
        read_volume(write(tmp_path / "a.nrrd", text(**changes)))


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
def test_truncated_and_overlong_values(tmp_path: Path, encoding: str) -> None:
    """At each length, and with two megabytes more than the header declares."""
    pack = {"raw": bytes, "gzip": lambda data: gzip.compress(data, mtime=0), "bzip2": bz2.compress}[encoding]
    whole = text(pack(RAW), encoding=encoding)
    assert read_volume(write(tmp_path / "a.nrrd", whole)).values_XYZ.size == 6
    for length in range(len(whole)):
        with pytest.raises(DataError):
            read_volume(write(tmp_path / "b.nrrd", whole[:length]))
    with pytest.raises(DataError, match="follow the values"):
        read_volume(write(tmp_path / "c.nrrd", text(pack(bytes(2 << 20)), encoding=encoding)))


@pytest.mark.parametrize("encoding", ["gzip", "bzip2"])
def test_a_sound_stream_of_too_few_values_is_refused(tmp_path: Path, encoding: str) -> None:
    """Its checksum is right, but a value is missing."""
    packed = gzip.compress(RAW[:5], mtime=0) if encoding == "gzip" else bz2.compress(RAW[:5])
    with pytest.raises(DataError, match="6 bytes of values, 5 follow"):
        read_volume(write(tmp_path / "a.nrrd", text(packed, encoding=encoding)))


def test_a_header_without_values_is_refused(tmp_path: Path) -> None:
    """An .nhdr names the file that holds them, and ends without an empty line."""
    data = text(b"", data_file="a.raw").rstrip(b"\n")
    with pytest.raises(DataError, match=r"store header and values as one \.nrrd file") as caught:
        read_header(local(write(tmp_path / "a.nhdr", data)))
    assert caught.value.reason == "detached values"


def test_a_header_that_declares_more_than_the_file_holds(tmp_path: Path) -> None:
    """Before memory is allocated: 30,000 voxels a side."""
    for encoding in ("raw", "gzip"):
        with pytest.raises(DataError, match="the header declares"):
            read_header(local(write(tmp_path / "a.nrrd", text(sizes="30000 30000 30000", encoding=encoding))))


def test_a_flipped_bit_in_gzip_is_found(tmp_path: Path) -> None:
    """At compression level 0, only the checksum at the end can show it."""
    packed = bytearray(gzip.compress(RAW, 0, mtime=0))
    packed[-10] ^= 1
    with pytest.raises(DataError, match="damaged"):
        read_volume(write(tmp_path / "a.nrrd", text(bytes(packed), encoding="gzip")))


def test_named_segments_are_another_format(tmp_path: Path) -> None:
    """Their values mean what the header says, which differs from file to file."""
    data = text().replace(b"a key:=", b"Segment0_ID:=")
    with pytest.raises(DataError) as caught:
        read_header(local(write(tmp_path / "a.seg.nrrd", data)))
    assert caught.value.reason == "named segments"
