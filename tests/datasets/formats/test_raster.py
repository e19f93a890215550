"""2D files: the values as stored, or a DataError that says why they cannot be read."""

import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from job.datasets.formats.raster import image_size
from job.errors import DataError
from job.storage import FileInfo, InputCache
from tests.datasets.make import MAX_PX, grey, png, save, square, write
from tests.datasets.pictures import read_image, read_mask


def test_grey_and_rgb_keep_their_values(tmp_path: Path) -> None:
    """8-bit values are read as they are, HxW or HxWx3."""
    rgb = np.dstack([grey(), grey() + 1, grey() + 2])
    for values in (grey(), rgb):
        for suffix in ("png", "tif", "bmp"):
            assert np.array_equal(read_image(save(tmp_path / f"a.{suffix}", values), MAX_PX).values, values)


def test_jpeg_is_read(tmp_path: Path) -> None:
    """A JPEG of a single grey keeps its value."""
    path = save(tmp_path / "a.jpg", np.full((8, 8), 77, np.uint8))
    assert (read_image(path, MAX_PX).values == 77).all()


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_keeps_16_bits(tmp_path: Path, suffix: str) -> None:
    """Values above 255 are kept."""
    values = np.array([[0, 300], [40000, 65535]], np.uint16)
    assert np.array_equal(read_image(save(tmp_path / f"a.{suffix}", values), MAX_PX).values, values)


def test_16_bit_rgb_keeps_16_bits_and_its_order(tmp_path: Path) -> None:
    """Pillow alone would reduce 16-bit colour to 8 bits."""
    path = write(tmp_path / "a.png", png([struct.pack(">6H", 1, 2, 300, 40000, 65535, 7)], 2, 16, 2))
    assert read_image(path, MAX_PX).values.tolist() == [[[1, 2, 300], [40000, 65535, 7]]]


def test_a_palette_is_colours_as_an_image_and_indices_as_a_mask(tmp_path: Path) -> None:
    """Read from the same file."""
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 0, 0, 0, 0, 250])
    image.save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", MAX_PX).values.tolist()[0] == [[10, 20, 30], [200, 0, 0]]
    assert read_mask(tmp_path / "a.png", MAX_PX).values.tolist() == [[0, 1], [2, 1]]


def test_alpha_is_dropped(tmp_path: Path) -> None:
    """Grey with alpha becomes grey, RGBA becomes RGB."""
    alpha = np.full((4, 6), 9, np.uint8)
    la = save(tmp_path / "la.png", np.dstack([grey(), alpha]))
    rgba = save(tmp_path / "rgba.png", np.dstack([grey(), grey(), grey(), alpha]))
    assert np.array_equal(read_image(la, MAX_PX).values, grey())
    assert np.array_equal(read_mask(la, MAX_PX).values, grey())
    assert read_image(rgba, MAX_PX).values.shape == (4, 6, 3)
    assert np.array_equal(read_mask(rgba, MAX_PX).values, np.dstack([grey()] * 3))


def test_16_bit_grey_with_alpha(tmp_path: Path) -> None:
    """Alpha is dropped, 16 bits are kept."""
    path = write(tmp_path / "a.png", png([struct.pack(">4H", 300, 65535, 40000, 0)], 2, 16, 4))
    assert read_image(path, MAX_PX).values.tolist() == [[300, 40000]]


def test_values_of_2_and_4_bits_are_not_stretched(tmp_path: Path) -> None:
    """In a 4-bit file, 1 and 2 are not 17 and 34; in a 2-bit file, 1, 2 and 3 are not 85, 170 and 255."""
    four = write(tmp_path / "4.png", png([bytes([0x12])], 2, 4, 0))
    two = write(tmp_path / "2.png", png([bytes([0b01101100])], 4, 2, 0))
    assert read_mask(four, MAX_PX).values.tolist() == [[1, 2]]
    assert read_mask(two, MAX_PX).values.tolist() == [[1, 2, 3, 0]]


def test_one_bit_mask_is_0_and_1(tmp_path: Path) -> None:
    """The labels of a 1-bit file are 0 and 1, not 255."""
    Image.fromarray(square() > 0).save(tmp_path / "a.png")
    labels = read_mask(tmp_path / "a.png", MAX_PX).values
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, square())


def test_16_bit_mask(tmp_path: Path) -> None:
    """Labels may be above 255."""
    labels = np.array([[0, 1000]], np.uint16)
    assert np.array_equal(read_mask(save(tmp_path / "a.png", labels), MAX_PX).values, labels)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_exif_orientation_is_not_applied(tmp_path: Path, name: str, orientation: int) -> None:
    """Size and pixels are as stored, so that image and mask agree. The tag is reported."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / name
    dark_corner = np.full((16, 24), 200, np.uint8)
    dark_corner[:8, :8] = 20
    Image.fromarray(dark_corner).save(path, exif=exif, quality=100)
    picture = read_image(path, MAX_PX)
    assert np.abs(picture.values - dark_corner.astype(int)).max() <= 3  # JPEG may round
    assert picture.orientation == orientation
    cache = InputCache(tmp_path / "cache", 1 << 20)
    assert image_size(FileInfo(address=str(path), size=path.stat().st_size, version=""), cache) == (16, 24)


@pytest.mark.parametrize("orientation", [0, 9])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_an_orientation_that_does_not_exist_counts_as_upright(tmp_path: Path, name: str, orientation: int) -> None:
    """Some programs write 0."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(grey()).save(tmp_path / name, exif=exif)
    assert read_image(tmp_path / name, MAX_PX).orientation == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("zero bytes", b""),
        ("text", b"no image at all"),
        ("EPS", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n"),
        ("header only", b"\x89PNG\r\n\x1a\n"),
        ("no pixels", png([], 6, 8, 0, height=4)),
    ],
)
def test_not_an_image(tmp_path: Path, name: str, data: bytes) -> None:
    """Whatever is not a PNG, JPEG, TIFF, BMP or GIF is a DataError."""
    with pytest.raises(DataError) as caught:
        read_image(write(tmp_path / "a.png", data), MAX_PX)
    assert caught.value.reason == "unreadable", name


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_unreadable(tmp_path: Path, suffix: str, share: float) -> None:
    """It is never read as half an image."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    data = save(tmp_path / f"whole.{suffix}", noise).read_bytes()
    with pytest.raises(DataError):
        read_image(write(tmp_path / f"a.{suffix}", data[: int(len(data) * share)]), MAX_PX)


def test_truncated_16_bit_colour_is_unreadable(tmp_path: Path) -> None:
    """OpenCV decodes 16-bit colour only after Pillow has read the whole file."""
    noise = np.random.default_rng(0).integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    data = cv2.imencode(".png", noise)[1].tobytes()
    with pytest.raises(DataError):
        read_image(write(tmp_path / "a.png", data[: len(data) // 2]), MAX_PX)


def test_an_image_that_claims_too_many_pixels_is_refused_by_its_header(tmp_path: Path) -> None:
    """100,000 x 100,000 pixels are refused before decoding, without a warning from Pillow."""
    path = write(tmp_path / "a.png", png([b"\0"], 100_000, 8, 0, height=100_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match="100000 x 100000 pixels") as caught:
            read_image(path, MAX_PX)
    assert caught.value.reason == "too large"


def test_the_limit_is_inclusive(tmp_path: Path) -> None:
    """24 pixels pass a limit of 24."""
    path = save(tmp_path / "a.png", grey())
    assert read_image(path, 24).values.shape == (4, 6)
    with pytest.raises(DataError):
        read_image(path, 23)


def test_size_comes_from_the_first_bytes(tmp_path: Path) -> None:
    """Height and width are read without the pixels: this file ends after its header."""
    path = write(tmp_path / "a.png", png([], 6, 8, 0, height=4)[:60])
    cache = InputCache(tmp_path / "cache", 1 << 20)
    assert image_size(FileInfo(address=str(path), size=60, version=""), cache) == (4, 6)
