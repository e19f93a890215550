"""Small files that claim, or unpack to, more than memory holds: refused by their header, before they are decoded."""

import gzip
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from job import datasets
from job.datasets import layers
from job.datasets.formats import nifti
from job.datasets.formats.raster import read_image
from job.datasets.sample import Excluded
from job.errors import DataError, StorageError
from job.storage import InputCache
from tests.datasets.corruption import FORMATS, labels, noise
from tests.datasets.make import MAX_PX, dataset, load, png, write
from tests.datasets.make import nifti as save_volume

HUGE = 100_000
MEGABYTE = bytes(1 << 20)


def little(data: bytes, *fields: tuple[int, str, int]) -> bytes:
    """A file with numbers put into it: offset, format, value."""
    changed = bytearray(data)
    for offset, form, value in fields:
        struct.pack_into(f"<{form}", changed, offset, value)
    return bytes(changed)


def tiff(entries: dict[int, int], pixels: bytes) -> bytes:
    """A TIFF written by hand, its pixels from byte 8 on."""
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + struct.pack("<H", len(entries)) + fields + bytes(4)


GREY_TIFF = {256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1}  # 16 x 16, 8 bits, deflate


def images() -> dict[str, bytes]:
    jpeg = FORMATS["grey.jpg"](noise())
    start = jpeg.index(b"\xff\xc0")
    return {
        "a.png": png([b"\0"], HUGE, 8, 0, height=HUGE),
        "a.jpg": jpeg[: start + 5] + struct.pack(">HH", 65500, 65500) + jpeg[start + 9 :],
        "a.bmp": little(FORMATS["grey.bmp"](noise()), (18, "i", HUGE), (22, "i", HUGE)),
        "a.tif": tiff(GREY_TIFF | {256: HUGE, 257: HUGE, 273: 8, 278: HUGE, 279: 9}, zlib.compress(b"")),
    }


def volumes() -> dict[str, bytes]:
    one, two = FORMATS["one.nii"](noise()), gzip.decompress(FORMATS["two.nii.gz"](noise()))
    return {
        "a.nii": little(one, (42, "h", 32000), (44, "h", 32000), (46, "h", 32000)),
        "a.nii.gz": gzip.compress(little(two, (24, "q", 1 << 40))),
    }


def refusals(folder: Path, name: str, data: bytes) -> list[tuple[str, str]]:
    """What a check of headers and a run say of an image."""
    write(folder / "images" / name, data)
    write(folder / "masks" / name, FORMATS["one.nii" if ".nii" in name else "grey.png"](labels()))
    spec, cache = dataset(folder), InputCache(folder / "cache", 1 << 30)
    (source,) = datasets.discover(spec)
    lines = [*datasets.check_headers(spec, source, cache, MAX_PX), *datasets.load(spec, source, None, cache, MAX_PX)]
    return [(line.kind, line.reason) for line in lines if isinstance(line, Excluded)]


@pytest.mark.parametrize("name", images())
def test_an_image_that_claims_too_many_pixels(tmp_path: Path, name: str) -> None:
    """100,000 x 100,000 in every format that can hold such a number."""
    assert refusals(tmp_path, name, images()[name]) == [("error", "too large")] * 2


@pytest.mark.parametrize("name", volumes())
def test_a_volume_that_claims_too_many_voxels(tmp_path: Path, name: str) -> None:
    """More than its file could hold, or an axis that no plan could list."""
    expected = "unreadable image" if name == "a.nii" else "too large"
    assert refusals(tmp_path, name, volumes()[name]) == [("error", expected)] * 2


def test_an_axis_that_no_plan_could_list_is_told_at_planning_time(tmp_path: Path) -> None:
    """From the header: the slices of a volume become the chunks of a plan."""
    write(tmp_path / "images/a.nii.gz", volumes()["a.nii.gz"])
    spec = dataset(tmp_path)
    (source,) = datasets.discover(spec)
    with pytest.raises(DataError, match="65536 along an axis"):
        datasets.raw_slices(spec, source)


def test_a_volume_is_at_most_ten_of_the_largest_slices(tmp_path: Path) -> None:
    """A file of zeros may well be that large: its size says nothing of the memory that it would take."""
    save_volume(tmp_path / "images/a.nii.gz", np.zeros((30, 30, 12), np.uint8))
    save_volume(tmp_path / "masks/a.nii.gz", np.zeros((30, 30, 12), np.uint8))
    for max_px, reasons in ((1079, ["too large"]), (1080, ["no object"])):
        lines = load(dataset(tmp_path), tmp_path, max_px=max_px)
        assert [line.reason for line in lines] == reasons
    (source,) = datasets.discover(dataset(tmp_path))
    (line,) = datasets.check_headers(dataset(tmp_path), source, InputCache(tmp_path / "cache", 1), 1079)
    assert line.detail.endswith(
        "30 x 30 x 12 voxels; execution.max_image_px allows 1079 pixels, and 10 times as many voxels"
    )


def test_what_follows_a_volume_is_not_unpacked_for_ever(tmp_path: Path) -> None:
    """A few bytes after the values pass; a gigabyte of zeros, packed to a megabyte, is refused at its first ones."""
    sound = FORMATS["one.nii.gz"](noise())
    assert nifti.read_volume(write(tmp_path / "a.nii.gz", sound + gzip.compress(bytes(512)))).values_XYZ.any()
    bomb = write(tmp_path / "b.nii.gz", sound + gzip.compress(MEGABYTE * 16))
    with pytest.raises(DataError, match="bytes follow the values"):
        nifti.read_volume(bomb)


def test_values_do_not_begin_far_behind_the_header(tmp_path: Path) -> None:
    """All before them would have to be unpacked."""
    far = little(FORMATS["one.nii"](noise()), (108, "f", 1 << 29)) + MEGABYTE
    with pytest.raises(DataError, match="values begin at byte 536870912"):
        nifti.read_volume(write(tmp_path / "a.nii.gz", gzip.compress(far)))


def test_a_small_image_in_a_huge_tile(tmp_path: Path) -> None:
    """A TIFF of 16 x 16 pixels whose one tile has 400 million: 0.4 MB, that would take 0.4 GB."""
    pixels = zlib.compress(MEGABYTE)
    for side, sound in ((256, True), (20_000, False)):
        data = tiff(GREY_TIFF | {322: side, 323: side, 324: 8, 325: len(pixels)}, pixels)
        path = write(tmp_path / f"{side}.tif", data)
        if sound:
            assert read_image(path, 300).shape == (16, 16)
        else:
            with pytest.raises(DataError, match="tiles are 20000 x 20000 pixels"):
                read_image(path, MAX_PX)


def test_thousands_of_frames_are_not_counted(tmp_path: Path) -> None:
    """Each would be compared with all before it."""
    entry = struct.pack("<HHHII", 1, 256, 4, 1, 16)
    frames = 20_000
    chain = b"".join(entry + struct.pack("<I", 8 + (n + 1) * 18 if n + 1 < frames else 0) for n in range(frames))
    first = tiff(GREY_TIFF | {273: 8, 278: 16, 279: 9}, zlib.compress(bytes(256)))
    data = first[:-4] + struct.pack("<I", len(first)) + chain
    with pytest.raises(DataError, match="found more"):
        read_image(write(tmp_path / "a.tif", data), MAX_PX)


def test_too_little_memory_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes, like a store out of reach: the chunk stays open for a machine that has more."""
    write(tmp_path / "images/a.png", FORMATS["grey.png"](noise()))

    def exhausted(image: Image.Image) -> Any:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "load", exhausted)
    (source,) = datasets.discover(dataset(tmp_path))
    with pytest.raises(StorageError, match=r"a.png: too little memory to read this image"):
        layers.read_image(dataset(tmp_path), source, InputCache(tmp_path / "cache", 1), MAX_PX)
