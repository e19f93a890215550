"""JPEG: files without an end, pictures of phones, and the damage that compression does to labels."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from job.datasets.formats.raster import image_size
from job.errors import DataError
from job.storage import FileInfo, InputCache
from tests.datasets.make import MAX_PX, write
from tests.datasets.pictures import read_image, read_mask


def jpeg(values: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def waves(seed: int = 0) -> np.ndarray:
    y, x = np.mgrid[:48, :56]
    noise = np.random.default_rng(seed).normal(0, 10, y.shape)
    return (np.sin(x / 7) * 50 + np.cos(y / 5) * 40 + noise + 128).astype(np.uint8)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_end_marker_is_read_with_a_doubt(tmp_path: Path, missing: int, colour: bool) -> None:
    """The marker has two bytes. The pixels are those of the whole file."""
    data = jpeg(np.dstack([waves()] * 3) if colour else waves())
    assert data.endswith(b"\xff\xd9")
    whole = read_image(write(tmp_path / "whole.jpg", data), MAX_PX)
    cut = read_image(write(tmp_path / "cut.jpg", data[:-missing]), MAX_PX)
    assert whole.doubts == ()
    assert np.array_equal(cut.values, whole.values)
    assert [doubt.reason for doubt in cut.doubts] == ["end missing"]


@pytest.mark.parametrize("seed", range(20))
def test_a_jpeg_without_all_its_pixels_is_unreadable(tmp_path: Path, seed: int) -> None:
    """Even if a single byte of the pixels is missing."""
    data = jpeg(waves(seed))
    for missing in (3, 4, 8, 100, len(data) // 2):
        with pytest.raises(DataError) as caught:
            read_image(write(tmp_path / "a.jpg", data[:-missing]), MAX_PX)
        assert caught.value.reason == "unreadable"


def test_a_progressive_jpeg_without_its_end_is_unreadable(tmp_path: Path) -> None:
    """Whole scans may be missing, which hold the detail of all pixels."""
    with pytest.raises(DataError):
        read_image(write(tmp_path / "a.jpg", jpeg(waves(), progressive=True)[:-2]), MAX_PX)


def test_a_jpeg_of_several_scans_without_its_end_is_unreadable(tmp_path: Path) -> None:
    """A sequential one too: its first scan holds one of three components, and the others may be missing."""
    data = jpeg(np.dstack([waves()] * 3))
    scan = data.index(b"\xff\xda")
    assert data[scan + 4] == 3
    one_component = data[: scan + 4] + b"\x01" + data[scan + 5 : scan + 7] + data[scan + 11 : -2]
    header = bytearray(one_component)
    header[scan + 2 : scan + 4] = (8).to_bytes(2, "big")
    with pytest.raises(DataError):
        read_image(write(tmp_path / "a.jpg", bytes(header)), MAX_PX)


def test_bytes_behind_the_end_are_no_doubt(tmp_path: Path) -> None:
    """Phones append data."""
    data = jpeg(waves())
    picture = read_image(write(tmp_path / "a.jpg", data + b"trailer of a phone"), MAX_PX)
    assert picture.doubts == ()
    assert np.array_equal(picture.values, read_image(write(tmp_path / "b.jpg", data), MAX_PX).values)


def test_the_first_picture_of_a_phones_jpeg_is_the_image(tmp_path: Path) -> None:
    """Such a file (MPO) has a preview of another size behind it, which no viewer shows."""
    photo = Image.fromarray(np.dstack([waves()] * 3))
    path = tmp_path / "a.jpg"
    photo.save(path, "MPO", save_all=True, append_images=[photo.resize((28, 24))], quality=95)
    photo.save(tmp_path / "plain.jpg", quality=95)
    picture = read_image(path, MAX_PX)
    assert np.array_equal(picture.values, read_image(tmp_path / "plain.jpg", MAX_PX).values)
    assert picture.doubts == ()
    cache = InputCache(tmp_path / "cache", 1 << 20)
    assert image_size(FileInfo(address=str(path), size=path.stat().st_size, version=""), cache) == (48, 56)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_labels_in_a_jpeg_are_doubted(tmp_path: Path, name: str) -> None:
    """Also inside a TIFF; the detail names the way out. An image in a JPEG is as it should be."""
    mask = np.zeros((48, 56), np.uint8)
    mask[10:30, 10:30] = 255
    Image.fromarray(mask).save(tmp_path / name, **({"compression": "jpeg"} if name == "a.tif" else {}))
    (doubt,) = read_mask(tmp_path / name, MAX_PX).doubts
    assert doubt.reason == "lossy labels"
    assert "`above: 127`" in doubt.detail
    assert read_image(tmp_path / name, MAX_PX).doubts == ()
