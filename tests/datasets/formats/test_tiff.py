"""What is particular to TIFF: wide numbers, byte orders, planes, frames, orientation, tags at the end."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from job.datasets.formats.raster import image_size, read_image
from job.errors import DataError
from job.storage import FileInfo, InputCache
from tests.datasets.make import MAX_PX, grey, save, tiff, write


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_a_tiff_of_32_bit_numbers(tmp_path: Path, kind: type) -> None:
    """Negative and fractional values are kept."""
    values = np.array([[-1024, 3], [70000, 0.5]]).astype(kind)
    assert np.array_equal(read_image(save(tmp_path / "a.tif", values), MAX_PX), values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [np.int16, np.int32, np.float32])
def test_a_tiff_in_either_byte_order(tmp_path: Path, kind: type, packed: bool, order: str) -> None:
    """Also compressed big-endian numbers, whose bytes libtiff has swapped already."""
    values = np.array([[-1024, 3], [700, 0.5]]).astype(kind)
    path = write(tmp_path / "a.tif", tiff(values[..., None], order=order, packed=packed))
    assert np.array_equal(read_image(path, MAX_PX), values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_tiff_of_16_bit_colour(tmp_path: Path, packed: bool, order: str) -> None:
    """Interleaved, its values are kept; with separate planes it is refused, because no decoder here reads it right."""
    values = np.array([[[1, 2, 300], [40000, 65535, 7]]], np.uint16)
    path = write(tmp_path / "a.tif", tiff(values, order=order, packed=packed))
    assert np.array_equal(read_image(path, MAX_PX), values)
    write(path, tiff(values, order=order, packed=packed, planes=True))
    with pytest.raises(DataError, match=r"16 bits with PlanarConfiguration 2 .* store it interleaved") as caught:
        read_image(path, MAX_PX)
    assert caught.value.reason == "separate planes"


@pytest.mark.parametrize("packed", [False, True])
def test_a_tiff_of_8_bit_colour_in_planes(tmp_path: Path, packed: bool) -> None:
    """It is read like an interleaved TIFF."""
    values = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    path = write(tmp_path / "a.tif", tiff(values, packed=packed, planes=True))
    assert np.array_equal(read_image(path, MAX_PX), values)


def test_a_tiff_where_white_is_zero(tmp_path: Path) -> None:
    """Its values are inverted, as grey runs from black to white; stored as planes it is refused, not read inverted."""
    values = np.array([[[1], [250]]], np.uint8)
    path = write(tmp_path / "a.tif", tiff(values, photometric=0))
    assert read_image(path, MAX_PX).tolist() == [[254, 5]]
    with pytest.raises(DataError) as caught:
        read_image(write(path, tiff(values, photometric=0, planes=True)), MAX_PX)
    assert caught.value.reason == "separate planes"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_16_bit_colour_with_an_orientation_is_refused(tmp_path: Path, orientation: int, packed: bool) -> None:
    """OpenCV, which decodes it, would turn the pixels."""
    values = np.array([[[1, 2, 300], [40000, 65535, 7]]], np.uint16)
    with pytest.raises(DataError, match="store its pixels upright") as caught:
        read_image(write(tmp_path / "a.tif", tiff(values, packed=packed, orientation=orientation)), MAX_PX)
    assert caught.value.reason == "turned image"


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
@pytest.mark.parametrize("values", [np.full((16, 24), 9, np.uint8), np.full((16, 24, 3), 9, np.uint8)])
def test_orientation_of_a_compressed_tiff_is_not_applied(
    tmp_path: Path, values: np.ndarray, compression: str | None
) -> None:
    """Orientation 8 would exchange height and width."""
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.fromarray(values).save(tmp_path / "a.tif", exif=exif, compression=compression)
    assert read_image(tmp_path / "a.tif", MAX_PX).shape == values.shape


def test_several_frames_are_refused(tmp_path: Path) -> None:
    """Which page of a TIFF is meant is not guessed."""
    frame = Image.fromarray(grey())
    frame.save(tmp_path / "a.tif", save_all=True, append_images=[frame, frame])
    with pytest.raises(DataError, match="found more") as caught:
        read_image(tmp_path / "a.tif", MAX_PX)
    assert caught.value.reason == "several frames"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_size_of_a_tiff_with_its_tags_at_the_end(tmp_path: Path) -> None:
    """If the tags follow the pixels, the whole file is read."""
    pixels = np.random.default_rng(0).integers(0, 256, (600, 700), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "TIFF")
    data = buffer.getvalue()
    assert struct.unpack("<I", data[4:8])[0] < 100  # Pillow writes the tags first: move them
    entries = bytearray(data[struct.unpack("<I", data[4:8])[0] :][: 2 + 12 * data[8]])
    moved = data[:4] + struct.pack("<I", len(data)) + data[8:] + bytes(entries) + b"\0\0\0\0"
    path = write(tmp_path / "a.tif", moved)
    cache = InputCache(tmp_path / "cache", 1 << 20)
    assert image_size(FileInfo(address=str(path), size=len(moved), version=""), cache) == (600, 700)
