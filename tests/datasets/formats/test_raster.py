"""2D files: the values that the file holds, or a DataError that says why not."""

import io
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from job.datasets.formats.raster import image_size, read_image, read_mask
from job.errors import DataError
from job.storage import FileInfo, InputCache
from tests.datasets.make import MAX_PX, grey, png, save, square, tiff, write


def test_grey_and_rgb_keep_their_values(tmp_path: Path) -> None:
    """8 bits come as they are, HxW or HxWx3."""
    rgb = np.dstack([grey(), grey() + 1, grey() + 2])
    for values in (grey(), rgb):
        for suffix in ("png", "tif", "bmp"):
            assert np.array_equal(read_image(save(tmp_path / f"a.{suffix}", values), MAX_PX), values)


def test_jpeg_is_read(tmp_path: Path) -> None:
    """A flat JPEG keeps its value."""
    path = save(tmp_path / "a.jpg", np.full((8, 8), 77, np.uint8))
    assert (read_image(path, MAX_PX) == 77).all()


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_keeps_16_bits(tmp_path: Path, suffix: str) -> None:
    """Values above 255 are not cut."""
    values = np.array([[0, 300], [40000, 65535]], np.uint16)
    assert np.array_equal(read_image(save(tmp_path / f"a.{suffix}", values), MAX_PX), values)


def test_16_bit_rgb_keeps_16_bits_and_its_order(tmp_path: Path) -> None:
    """Pillow alone would cut 16-bit colour to 8 bits."""
    path = write(tmp_path / "a.png", png([struct.pack(">6H", 1, 2, 300, 40000, 65535, 7)], 2, 16, 2))
    assert read_image(path, MAX_PX).tolist() == [[[1, 2, 300], [40000, 65535, 7]]]


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_tiff_of_wide_numbers(tmp_path: Path, kind: type) -> None:
    """32-bit TIFFs keep negative and fractional values."""
    values = np.array([[-1024, 3], [70000, 0.5]]).astype(kind)
    assert np.array_equal(read_image(save(tmp_path / "a.tif", values), MAX_PX), values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [np.int16, np.int32, np.float32])
def test_tiff_in_either_byte_order(tmp_path: Path, kind: type, packed: bool, order: str) -> None:
    """Big-endian numbers too, and those that libtiff has turned while it unpacked them."""
    values = np.array([[-1024, 3], [700, 0.5]]).astype(kind)
    path = write(tmp_path / "a.tif", tiff(values[..., None], order=order, packed=packed))
    assert np.array_equal(read_image(path, MAX_PX), values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
def test_tiff_of_16_bit_colour(tmp_path: Path, packed: bool, order: str) -> None:
    """Interleaved it keeps its values; with each channel apart no decoder here reads it, and it is refused."""
    values = np.array([[[1, 2, 300], [40000, 65535, 7]]], np.uint16)
    path = write(tmp_path / "a.tif", tiff(values, order=order, packed=packed))
    assert np.array_equal(read_image(path, MAX_PX), values)
    write(path, tiff(values, order=order, packed=packed, planes=True))
    with pytest.raises(DataError, match=r"16 bits with PlanarConfiguration 2 .* store it interleaved") as caught:
        read_image(path, MAX_PX)
    assert caught.value.reason == "separate planes"


@pytest.mark.parametrize("packed", [False, True])
def test_tiff_of_8_bit_colour_in_planes(tmp_path: Path, packed: bool) -> None:
    """It is read as the same interleaved."""
    values = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    path = write(tmp_path / "a.tif", tiff(values, packed=packed, planes=True))
    assert np.array_equal(read_image(path, MAX_PX), values)


def test_palette_image_gives_colours_and_mask_gives_indices(tmp_path: Path) -> None:
    """The same palette file is colours as an image, labels as a mask."""
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 0, 0, 0, 0, 250])
    image.save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", MAX_PX).tolist()[0] == [[10, 20, 30], [200, 0, 0]]
    assert read_mask(tmp_path / "a.png", MAX_PX).tolist() == [[0, 1], [2, 1]]


def test_alpha_is_dropped(tmp_path: Path) -> None:
    """Of grey and alpha the grey is left, of RGBA the RGB."""
    alpha = np.full((4, 6), 9, np.uint8)
    la = save(tmp_path / "la.png", np.dstack([grey(), alpha]))
    rgba = save(tmp_path / "rgba.png", np.dstack([grey(), grey(), grey(), alpha]))
    assert np.array_equal(read_image(la, MAX_PX), grey())
    assert np.array_equal(read_mask(la, MAX_PX), grey())
    assert read_image(rgba, MAX_PX).shape == (4, 6, 3)
    assert np.array_equal(read_mask(rgba, MAX_PX), grey())


def test_16_bit_grey_with_alpha(tmp_path: Path) -> None:
    """Alpha goes, 16 bits stay."""
    path = write(tmp_path / "a.png", png([struct.pack(">4H", 300, 65535, 40000, 0)], 2, 16, 4))
    assert read_image(path, MAX_PX).tolist() == [[300, 40000]]


def test_narrow_greys_are_not_stretched(tmp_path: Path) -> None:
    """Labels 1 and 2 of a 4-bit, and 1 2 3 0 of a 2-bit file are these, not 17 and 34, 85 and 170."""
    four = write(tmp_path / "4.png", png([bytes([0x12])], 2, 4, 0))
    two = write(tmp_path / "2.png", png([bytes([0b01101100])], 4, 2, 0))
    assert read_mask(four, MAX_PX).tolist() == [[1, 2]]
    assert read_mask(two, MAX_PX).tolist() == [[1, 2, 3, 0]]


def test_one_bit_mask_is_0_and_1(tmp_path: Path) -> None:
    """A 1-bit file holds labels 0 and 1, not 255."""
    Image.fromarray(square() > 0).save(tmp_path / "a.png")
    assert np.array_equal(read_mask(tmp_path / "a.png", MAX_PX), square())


def test_16_bit_mask(tmp_path: Path) -> None:
    """Labels may exceed 255."""
    labels = np.array([[0, 1000]], np.uint16)
    assert np.array_equal(read_mask(save(tmp_path / "a.png", labels), MAX_PX), labels)


def test_rgb_mask_of_equal_channels_is_one_channel(tmp_path: Path) -> None:
    """Grey that was saved as RGB is still a label map."""
    path = save(tmp_path / "a.png", np.dstack([square()] * 3))
    assert np.array_equal(read_mask(path, MAX_PX), square())


def test_colour_mask_is_refused(tmp_path: Path) -> None:
    """Colours are no labels; the text says where they differ."""
    path = save(tmp_path / "a.png", np.dstack([square(), square(), square(label=9)]))
    with pytest.raises(DataError, match="row 1, column 1 the channels are 1, 1, 9") as caught:
        read_mask(path, MAX_PX)
    assert caught.value.reason == "colour mask"


def test_exif_orientation_is_not_applied(tmp_path: Path) -> None:
    """Image and mask agree pixel by pixel as stored."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(grey()).save(tmp_path / "a.png", exif=exif)
    assert read_image(tmp_path / "a.png", MAX_PX).shape == (4, 6)


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
    """Whatever is no PNG, JPEG, TIFF or BMP is a DataError."""
    with pytest.raises(DataError) as caught:
        read_image(write(tmp_path / "a.png", data), MAX_PX)
    assert caught.value.reason == "unreadable", name


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_file(tmp_path: Path, suffix: str, share: float) -> None:
    """A file that was cut off is never half an image."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    data = save(tmp_path / f"whole.{suffix}", noise).read_bytes()
    with pytest.raises(DataError):
        read_image(write(tmp_path / f"a.{suffix}", data[: int(len(data) * share)]), MAX_PX)


def test_truncated_16_bit_colour(tmp_path: Path) -> None:
    """The second decoder, for 16-bit colour, is not asked before the first found the file whole."""
    noise = np.random.default_rng(0).integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    data = cv2.imencode(".png", noise)[1].tobytes()
    with pytest.raises(DataError):
        read_image(write(tmp_path / "a.png", data[: len(data) // 2]), MAX_PX)


def test_image_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    """100,000 x 100,000 pixels are refused before decoding, without a warning of Pillow's."""
    path = write(tmp_path / "a.png", png([b"\0"], 100_000, 8, 0, height=100_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match="100000 x 100000 pixels") as caught:
            read_image(path, MAX_PX)
    assert caught.value.reason == "too large"


def test_the_bound_is_inclusive(tmp_path: Path) -> None:
    """24 pixels pass a bound of 24."""
    path = save(tmp_path / "a.png", grey())
    assert read_image(path, 24).shape == (4, 6)
    with pytest.raises(DataError):
        read_image(path, 23)


def test_several_frames_are_refused(tmp_path: Path) -> None:
    """A multi-page TIFF is no 2D image; nothing is guessed."""
    frame = Image.fromarray(grey())
    frame.save(tmp_path / "a.tif", save_all=True, append_images=[frame, frame])
    with pytest.raises(DataError, match="found more") as caught:
        read_image(tmp_path / "a.tif", MAX_PX)
    assert caught.value.reason == "several frames"


def test_size_comes_from_the_first_bytes(tmp_path: Path) -> None:
    """Height and width are known without the pixels: here the file ends after its header."""
    path = write(tmp_path / "a.png", png([], 6, 8, 0, height=4)[:60])
    cache = InputCache(tmp_path / "cache", 1 << 20)
    assert image_size(FileInfo(address=str(path), size=60, version=""), cache) == (4, 6)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_size_of_a_file_that_describes_itself_at_its_end(tmp_path: Path) -> None:
    """A TIFF may keep its header behind its pixels; then the whole file is read."""
    pixels = np.random.default_rng(0).integers(0, 256, (600, 700), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "TIFF")
    data = buffer.getvalue()
    assert struct.unpack("<I", data[4:8])[0] < 100  # Pillow writes it in front: move it
    entries = bytearray(data[struct.unpack("<I", data[4:8])[0] :][: 2 + 12 * data[8]])
    moved = data[:4] + struct.pack("<I", len(data)) + data[8:] + bytes(entries) + b"\0\0\0\0"
    path = write(tmp_path / "a.tif", moved)
    cache = InputCache(tmp_path / "cache", 1 << 20)
    assert image_size(FileInfo(address=str(path), size=len(moved), version=""), cache) == (600, 700)
