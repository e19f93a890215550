"""What is particular to TIFF: wide numbers, byte orders, planes, frames, orientation, tags at the end."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from job.datasets.formats.raster import image_size
from job.errors import DataError
from job.storage import FileInfo, InputCache
from tests.datasets.make import MAX_PX, grey, save, square, tiff, write
from tests.datasets.pictures import read_image, read_mask


def overwritten(path: Path, name: str, value: bytes) -> bytes:
    """Return a TIFF whose tag of this name has another value."""
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        start = file.pages.first.tags[name].valueoffset
    data[start : start + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_a_tiff_of_32_bit_numbers(tmp_path: Path, kind: type) -> None:
    """Negative and fractional values are kept."""
    values = np.array([[-1024, 3], [70000, 0.5]]).astype(kind)
    assert np.array_equal(read_image(save(tmp_path / "a.tif", values), MAX_PX).values, values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [np.int16, np.int32, np.float32])
def test_a_tiff_in_either_byte_order(tmp_path: Path, kind: type, packed: bool, order: str) -> None:
    """Also compressed big-endian numbers, whose bytes libtiff has swapped already."""
    values = np.array([[-1024, 3], [700, 0.5]]).astype(kind)
    path = write(tmp_path / "a.tif", tiff(values[..., None], order=order, packed=packed))
    assert np.array_equal(read_image(path, MAX_PX).values, values)


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_tiff_of_colour(tmp_path: Path, kind: type, packed: bool, order: str, planes: bool) -> None:
    """Its values are kept, whether its channels are interleaved or stored separately."""
    values = np.array([[[1, 2, 300], [40000, 65535, 7]]]).astype(kind)
    path = write(tmp_path / "a.tif", tiff(values, order=order, packed=packed, planes=planes))
    assert np.array_equal(read_image(path, MAX_PX).values, values)


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int64, np.float64])
def test_values_are_as_stored_where_white_is_zero(tmp_path: Path, kind: type, planes: bool) -> None:
    """At every bit depth, of images and masks. Viewers show them inverted, so this is a doubt."""
    values = np.array([[[0], [1], [100]]]).astype(kind)
    path = write(tmp_path / "a.tif", tiff(values, photometric=0, planes=planes))
    for picture in (read_image(path, MAX_PX), read_mask(path, MAX_PX)):
        assert picture.values.tolist() == [[0, 1, 100]]
        assert [doubt.reason for doubt in picture.doubts] == ["white is zero"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bit_colour_with_an_orientation_is_read_as_stored(tmp_path: Path, orientation: int, packed: bool) -> None:
    """The orientation is reported, not applied."""
    values = np.array([[[1, 2, 300], [40000, 65535, 7]]], np.uint16)
    picture = read_image(write(tmp_path / "a.tif", tiff(values, packed=packed, orientation=orientation)), MAX_PX)
    assert np.array_equal(picture.values, values)
    assert picture.orientation == orientation


@pytest.mark.parametrize("kind", ["int8", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"])
def test_labels_of_every_number_type(tmp_path: Path, kind: str) -> None:
    """Signed and unsigned, up to 64 bits. Half floats are widened, because their differences overflow."""
    info = np.finfo(kind) if "float" in kind else np.iinfo(kind)
    values = np.array([[0, 1], [info.min, info.max]], kind)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")
    labels = read_mask(tmp_path / "a.tif", MAX_PX).values
    assert labels.dtype == ("float32" if kind == "float16" else kind)
    assert labels.tolist() == values.tolist()


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw", None])
def test_one_bit_labels_are_0_and_1(tmp_path: Path, compression: str | None) -> None:
    """In every compression that Pillow writes for one bit."""
    Image.fromarray(square() > 0).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(read_mask(tmp_path / "a.tif", MAX_PX).values, square())


def test_a_palette_is_read_from_16_bits_or_from_8(tmp_path: Path) -> None:
    """The tag holds 16 bits for each colour; a program that fills only the lower 8 means those."""
    indices = np.array([[0, 1]], np.uint8)
    for name, unit in (("wide.tif", 257), ("narrow.tif", 1)):
        colours = np.zeros((3, 256), np.uint16)
        colours[:, 1] = np.array([200, 100, 50]) * unit
        tifffile.imwrite(tmp_path / name, indices, photometric="palette", colormap=colours)
        assert read_image(tmp_path / name, MAX_PX).values.tolist() == [[[0, 0, 0], [200, 100, 50]]]
        assert read_mask(tmp_path / name, MAX_PX).values.tolist() == [[0, 1]]


@pytest.mark.parametrize(("channels", "extra"), [(2, [0]), (2, None), (3, [0, 0]), (3, [2, 0])])
def test_grey_with_channels_that_are_not_alpha_is_refused(
    tmp_path: Path, channels: int, extra: list[int] | None
) -> None:
    """Which of them is meant is not guessed."""
    values = np.ones((4, 6, channels), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig", extrasamples=extra)
    with pytest.raises(DataError, match=rf"found {channels} \(PhotometricInterpretation 1\)") as caught:
        read_mask(tmp_path / "a.tif", MAX_PX)
    assert caught.value.reason == "several channels"


def test_a_fourth_channel_that_is_not_alpha_is_doubted(tmp_path: Path) -> None:
    """The first three are the colours; a fourth of ExtraSamples 0 may hold anything. Alpha raises no doubt."""
    values = np.dstack([grey()] * 4)
    for name, extra, reasons in (("x.tif", 0, ["extra channels"]), ("alpha.tif", 2, [])):
        tifffile.imwrite(tmp_path / name, values, photometric="rgb", extrasamples=[extra])
        picture = read_image(tmp_path / name, MAX_PX)
        assert np.array_equal(picture.values, values[..., :3])
        assert [doubt.reason for doubt in picture.doubts] == reasons


@pytest.mark.parametrize(
    ("values", "options", "what"),
    [
        (np.ones((4, 6), np.complex64), {}, "numbers of 64 bits with SampleFormat 6"),
        (np.ones((4, 6), np.uint8), {"compression": "jpeg2000"}, "the compression 34712 (JPEG2000)"),
        (np.ones((4, 6, 3), np.uint8), {"photometric": "cielab"}, "the photometric interpretation CIELAB"),
    ],
)
def test_a_kind_of_tiff_that_is_not_read_is_named(
    tmp_path: Path, values: np.ndarray, options: dict[str, str], what: str
) -> None:
    """It is not damaged."""
    tifffile.imwrite(tmp_path / "a.tif", values, **options)
    with pytest.raises(DataError) as caught:
        read_image(tmp_path / "a.tif", MAX_PX)
    assert what in caught.value.detail
    assert "damaged" not in caught.value.detail


def test_more_than_eight_channels_are_refused(tmp_path: Path) -> None:
    """Memory for them would exceed what the limit on pixels allows."""
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 6, 9), np.uint8), photometric="rgb", planarconfig="contig")
    with pytest.raises(DataError, match="found 9"):
        read_image(tmp_path / "a.tif", MAX_PX)


def test_a_stack_of_imagej_is_several_frames(tmp_path: Path) -> None:
    """Its tags describe the first image alone; the others follow it without tags, and a comment counts them."""
    for count, refused in ((1, False), (3, True)):
        comment = f"ImageJ=1.54f\nimages={count}\n"
        tifffile.imwrite(tmp_path / f"{count}.tif", grey(), description=comment, metadata=None)
        if not refused:
            assert np.array_equal(read_image(tmp_path / f"{count}.tif", MAX_PX).values, grey())
    with pytest.raises(DataError) as caught:
        read_image(tmp_path / "3.tif", MAX_PX)
    assert caught.value.reason == "several frames"


def test_missing_tiles_are_not_zeros(tmp_path: Path) -> None:
    """A sparse TIFF leaves out tiles, and decoders fill them."""
    tifffile.imwrite(tmp_path / "a.tif", None, shape=(32, 32), dtype=np.uint8, tile=(16, 16))
    counts = overwritten(tmp_path / "a.tif", "TileByteCounts", bytes(16))
    with pytest.raises(DataError, match="without data"):
        read_image(write(tmp_path / "b.tif", counts), MAX_PX)


def test_missing_strips_are_not_zeros(tmp_path: Path) -> None:
    """The tags state two strips of two rows, but the address of only one."""
    tifffile.imwrite(tmp_path / "a.tif", grey(), rowsperstrip=4, compression="zlib")
    fewer_rows = overwritten(tmp_path / "a.tif", "RowsPerStrip", struct.pack("<H", 2))
    with pytest.raises(DataError, match="without data"):
        read_image(write(tmp_path / "b.tif", fewer_rows), MAX_PX)


def test_a_truncated_jpeg_in_a_tiff_is_unreadable(tmp_path: Path) -> None:
    """Its decoder would fill what is missing with grey."""
    tifffile.imwrite(tmp_path / "a.tif", grey(16, 16), compression="jpeg", photometric="minisblack")
    data = (tmp_path / "a.tif").read_bytes()
    with pytest.raises(DataError, match="truncated"):
        read_image(write(tmp_path / "b.tif", data[:-30]), MAX_PX)


def test_channels_of_different_widths_are_refused(tmp_path: Path) -> None:
    """16 bits may hold 5 of red, 6 of green and 5 of blue."""
    tifffile.imwrite(tmp_path / "a.tif", np.dstack([grey()] * 3), photometric="rgb")
    mixed = overwritten(tmp_path / "a.tif", "BitsPerSample", struct.pack("<3H", 5, 6, 5))
    with pytest.raises(DataError, match=r"numbers of \(5, 6, 5\) bits"):
        read_image(write(tmp_path / "b.tif", mixed), MAX_PX)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
@pytest.mark.parametrize("values", [np.full((16, 24), 9, np.uint8), np.full((16, 24, 3), 9, np.uint8)])
def test_orientation_of_a_compressed_tiff_is_not_applied(
    tmp_path: Path, values: np.ndarray, compression: str | None
) -> None:
    """Orientation 8 would exchange height and width."""
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.fromarray(values).save(tmp_path / "a.tif", exif=exif, compression=compression)
    assert read_image(tmp_path / "a.tif", MAX_PX).values.shape == values.shape


def test_several_frames_are_refused(tmp_path: Path) -> None:
    """Which page of a TIFF is meant is not guessed."""
    frame = Image.fromarray(grey())
    frame.save(tmp_path / "a.tif", save_all=True, append_images=[frame, frame])
    with pytest.raises(DataError, match="found more") as caught:
        read_image(tmp_path / "a.tif", MAX_PX)
    assert caught.value.reason == "several frames"


@pytest.mark.parametrize("name", ["ImageLength", "ImageWidth"])
def test_a_tiff_of_several_sizes_is_unreadable(tmp_path: Path, name: str) -> None:
    """The tag of a damaged file may hold several numbers."""
    path = write(tmp_path / "a.tif", tiff(grey()[..., None]))
    with tifffile.TiffFile(path) as file:
        count = file.pages.first.tags[name].offset + 4
    data = bytearray(path.read_bytes())
    data[count : count + 8] = struct.pack("<II", 2, 8)
    write(path, bytes(data))
    cache = InputCache(tmp_path / "cache", 1 << 20)
    with pytest.raises(DataError):
        image_size(FileInfo(address=str(path), size=len(data), version=""), cache)


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
