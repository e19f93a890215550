"""Stacks in one TIFF: pages or ImageJ's images are slices, with the checks that a picture's page has."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from job import storage
from job.datasets.formats import tiff_stack
from job.datasets.formats.kind import kind_of
from job.datasets.formats.raster import read_image
from job.datasets.formats.volume import StoredHeader, canonical_volume
from job.datasets.formats.volumes import read_values
from job.errors import DataError
from tests.datasets.formats.phantom import phantom, stored
from tests.datasets.make import write
from tests.datasets.volumes import local

STACK = stored(phantom(), "SPL")[0]
PLAIN = {"photometric": "minisblack"}
PALETTE = np.zeros((3, 256), np.uint16)


def header(path: Path) -> StoredHeader:
    return tiff_stack.read_header(local(path))


def values(path: Path) -> Any:
    return tiff_stack.read_values(local(path))


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"compression": "lzw"},
        {"metadata": None},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"tile": (16, 16)},
        {"imagej": True, "metadata": {"axes": "ZYX"}},
    ],
)
def test_pages_are_slices(tmp_path: Path, dtype: str, options: dict[str, Any]) -> None:
    """In every form that tifffile writes; canonical, the phantom comes back."""
    if options.get("imagej") and dtype not in ("u1", "u2", "f4"):
        dtype = "u1"  # ImageJ has no others
    tifffile.imwrite(tmp_path / "a.tif", STACK.astype(dtype), photometric="minisblack", **options)
    stated = header(tmp_path / "a.tif")
    assert stated.shape == STACK.shape
    assert not stated.oriented
    volume = canonical_volume(values(tmp_path / "a.tif"), stated)
    assert np.array_equal(volume.values_XYZ, phantom())
    assert volume.values_XYZ.dtype == ("f4" if dtype == "f2" else dtype)
    assert stated.value_bytes == volume.values_XYZ.itemsize


def test_pages_of_one_bit(tmp_path: Path) -> None:
    """As Pillow writes them: 0 and 1."""
    first, *others = (Image.fromarray(page > 0) for page in STACK)
    first.save(tmp_path / "a.tif", save_all=True, append_images=others, compression="group4")
    assert np.array_equal(values(tmp_path / "a.tif"), STACK > 0)
    assert values(tmp_path / "a.tif").dtype == np.uint8


@pytest.mark.parametrize(
    ("unit", "factor"), [("mm", 1), ("micron", 1e-3), ("um", 1e-3), ("\\u00B5m", 1e-3), ("cm", 10)]
)
def test_the_spacing_of_imagej(tmp_path: Path, unit: str, factor: float) -> None:
    """3 units between slices; 2 pixels a unit along columns, 4 along rows."""
    stated = {"spacing": 3, "unit": unit, "axes": "ZYX"}
    tifffile.imwrite(tmp_path / "a.tif", STACK, imagej=True, resolution=(2, 4), metadata=stated)
    assert header(tmp_path / "a.tif").spacing_mm == pytest.approx((3 * factor, 0.25 * factor, 0.5 * factor))


@pytest.mark.parametrize(
    "stated", [{"spacing": 3}, {"spacing": 3, "unit": "pixel"}, {"unit": "mm"}, {"spacing": -1, "unit": "mm"}]
)
def test_a_spacing_without_a_unit_of_length_is_unknown(tmp_path: Path, stated: dict[str, Any]) -> None:
    """And a resolution in dots per inch, which all pictures have, states no distance of slices."""
    tifffile.imwrite(tmp_path / "a.tif", STACK, imagej=True, resolution=(2, 4), metadata=stated | {"axes": "ZYX"})
    assert header(tmp_path / "a.tif").spacing_mm is None
    tifffile.imwrite(tmp_path / "b.tif", STACK, resolution=(72, 72), resolutionunit="inch", **PLAIN)
    assert header(tmp_path / "b.tif").spacing_mm is None


def test_images_of_imagej_without_tags_of_their_own(tmp_path: Path) -> None:
    """A large stack has one page; the other images follow it."""
    comment = f"ImageJ=1.54f\nimages={len(STACK)}\nslices={len(STACK)}\n"
    tifffile.imwrite(tmp_path / "a.tif", STACK[0].astype(">u2"), byteorder=">", description=comment, metadata=None)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        (start,) = file.pages.first.dataoffsets
    data = (tmp_path / "a.tif").read_bytes()
    assert start + 2 * STACK[0].size == len(data)
    path = write(tmp_path / "b.tif", data + STACK[1:].astype(">u2").tobytes())
    assert header(path).shape == STACK.shape
    assert np.array_equal(values(path), STACK)
    with pytest.raises(DataError, match="truncated"):
        values(write(tmp_path / "c.tif", path.read_bytes()[:-1]))


def test_a_picture_is_no_stack(tmp_path: Path) -> None:
    """By its content; the name is the same."""
    tifffile.imwrite(tmp_path / "a.tif", STACK[0])
    tifffile.imwrite(tmp_path / "b.tif", STACK, **PLAIN)
    comment = "ImageJ=1.54f\nimages=3\n"
    tifffile.imwrite(tmp_path / "c.tif", STACK[0], description=comment, metadata=None)
    assert [
        tiff_stack.is_stack(io.BytesIO((tmp_path / name).read_bytes())) for name in ("a.tif", "b.tif", "c.tif")
    ] == [0, 1, 1]
    with pytest.raises(DataError):
        tiff_stack.is_stack(io.BytesIO(b"II*\0"))


@pytest.mark.parametrize(
    ("array", "options", "reason"),
    [
        (np.zeros((2, 3, 8, 8), np.uint8), {"imagej": True, "metadata": {"axes": "TZYX"}}, "several volumes"),
        (np.zeros((2, 3, 8, 8), np.uint8), {"imagej": True, "metadata": {"axes": "ZCYX"}}, "several volumes"),
        (np.zeros((2, 3, 8, 8), np.uint8), PLAIN, "several volumes"),
        (np.zeros((3, 8, 8), np.uint8), {"ome": True, **PLAIN}, "several volumes"),
        (np.zeros((5, 8, 8, 3), np.uint8), {"photometric": "rgb"}, "colour volume"),
        (
            np.zeros((5, 8, 8), np.uint8),
            {"photometric": "palette", "colormap": PALETTE},
            "colour volume",
        ),
        (np.zeros((5, 8, 8), np.complex64), {}, "unreadable"),
    ],
)
def test_what_may_be_more_than_slices_is_refused(tmp_path: Path, array: Any, options: Any, reason: str) -> None:
    """Channels, times, colours: which is meant is not guessed."""
    tifffile.imwrite(tmp_path / "a.tif", array, **options)
    for read in (header, values):
        with pytest.raises(DataError) as caught:
            read(tmp_path / "a.tif")
        assert caught.value.reason == reason


@pytest.mark.parametrize("other", [np.zeros((4, 7), np.uint8), np.zeros((4, 6), np.uint16)])
def test_pages_that_differ_are_no_stack(tmp_path: Path, other: Any) -> None:
    """In size or type, as a preview does."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(np.zeros((4, 6), np.uint8), metadata=None)
        file.write(other, metadata=None)
    with pytest.raises(DataError, match="all pages are alike") as caught:
        header(tmp_path / "a.tif")
    assert caught.value.reason == "several frames"


def test_white_is_zero_is_doubted(tmp_path: Path) -> None:
    """As for a picture, the values are used as stored."""
    tifffile.imwrite(tmp_path / "a.tif", STACK, photometric="miniswhite")
    assert [doubt.reason for doubt in header(tmp_path / "a.tif").doubts] == ["white is zero"]


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_truncated_stacks_are_unreadable(tmp_path: Path, compression: str | None) -> None:
    """At any length: never fewer slices in silence."""
    tifffile.imwrite(tmp_path / "a.tif", STACK, compression=compression, **PLAIN)
    whole = (tmp_path / "a.tif").read_bytes()
    for length in range(0, len(whole) - 1, 61):
        path = write(tmp_path / "b.tif", whole[:length])
        try:
            read = values(path)
        except DataError:
            continue
        assert np.array_equal(read, STACK)


def test_a_page_of_a_huge_tile_is_refused(tmp_path: Path) -> None:
    """It would be decoded whole."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((2, 16, 16), np.uint8), tile=(4096, 4096), compression="zlib", **PLAIN)
    with pytest.raises(DataError, match="tiles"):
        header(write(tmp_path / "a.tif", buffer.getvalue()))


def test_a_remote_stack(tmp_path: Path) -> None:
    """Its tags may lie anywhere, so that it is read whole."""
    import fsspec

    tifffile.imwrite(tmp_path / "a.tif", STACK, **PLAIN)
    fsspec.filesystem("memory").pipe_file("/stack/a.tif", (tmp_path / "a.tif").read_bytes())
    info = storage.info("memory://stack/a.tif")
    assert info
    assert tiff_stack.read_header(info).shape == STACK.shape


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"bigtiff": True}, {"metadata": None}])
def test_a_stack_that_is_cut_off_is_no_picture(tmp_path: Path, options: dict[str, Any]) -> None:
    """Wherever it ends: its first page alone would be read as an image."""
    written = io.BytesIO()
    form = {key: value for key, value in options.items() if key == "bigtiff"}
    with tifffile.TiffWriter(written, **form) as pages:
        for plane in STACK[:3]:
            pages.write(plane, contiguous=False, **PLAIN, **{k: v for k, v in options.items() if k not in form})
    whole = written.getvalue()
    assert tiff_stack.is_stack(io.BytesIO(whole))
    for length in range(len(whole) - 1):
        file = local(write(tmp_path / f"{length}.tif", whole[:length]))
        with pytest.raises(DataError):
            read_values(file) if kind_of(file) == "volume" else read_image(file, 1000)
