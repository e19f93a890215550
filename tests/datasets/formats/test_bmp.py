"""BMP: indices and greys as stored, whatever the palette."""

import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from job.errors import DataError
from tests.datasets.make import MAX_PX, write
from tests.datasets.pictures import read_image, read_mask

BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (255, 0, 0)
Colours = Sequence[tuple[int, int, int]]


def bmp(indices: NDArray[np.uint8], bits: int, palette: Colours, *, downwards: bool = False, packing: int = 0) -> bytes:
    """Return a BMP, written byte by byte. downwards: the first row comes first. packing: 1 and 2 are RLE."""
    height, width = indices.shape
    body = b""
    for row in indices if downwards else indices[::-1]:
        binary = "".join(f"{index:0{bits}b}" for index in row)
        binary += "0" * (-len(binary) % 32)
        body += int(binary, 2).to_bytes(len(binary) // 8, "big")
    colours = b"".join(bytes([blue, green, red, 0]) for red, green, blue in palette)
    start = 54 + len(colours)
    side = -height if downwards else height
    header = struct.pack("<IiiHHIIiiII", 40, width, side, 1, bits, packing, len(body), 0, 0, len(palette), 0)
    return b"BM" + struct.pack("<III", start + len(body), 0, start) + header + colours + body


def random_indices(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, count, (5, 7), dtype=np.uint8)


@pytest.mark.parametrize("downwards", [False, True])
@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("palette", [(BLACK, WHITE), (WHITE, BLACK), (BLACK, RED), (BLACK, (1, 1, 1))])
def test_two_colours(tmp_path: Path, palette: Colours, bits: int, downwards: bool) -> None:
    """Labels are 0 and 1 at every bit depth; as an image, OpenCV reads the same colours."""
    indices = random_indices(2)
    path = write(tmp_path / "a.bmp", bmp(indices, bits, palette, downwards=downwards))
    assert np.array_equal(read_mask(path, MAX_PX).values, indices)
    if palette[1] != (1, 1, 1):  # greys that equal their indices are grey values, not a palette
        image = read_image(path, MAX_PX).values
        assert np.array_equal(image, np.array(palette, np.uint8)[indices])
        assert np.array_equal(image, cv2.imread(str(path))[..., ::-1])


@pytest.mark.parametrize("bits", [4, 8])
def test_more_colours(tmp_path: Path, bits: int) -> None:
    """Indices are labels, also where the palette counts fewer colours than the bits allow."""
    indices = random_indices(3)
    path = write(tmp_path / "a.bmp", bmp(indices, bits, [BLACK, RED, WHITE]))
    assert np.array_equal(read_mask(path, MAX_PX).values, indices)
    assert np.array_equal(read_image(path, MAX_PX).values, cv2.imread(str(path))[..., ::-1])


def test_an_index_beyond_the_palette_is_a_fault_of_an_image(tmp_path: Path) -> None:
    """It has no colour. As a label it needs none."""
    path = write(tmp_path / "a.bmp", bmp(np.array([[0, 2]], np.uint8), 8, [BLACK, RED]))
    assert read_mask(path, MAX_PX).values.tolist() == [[0, 2]]
    with pytest.raises(DataError, match="index 2, but the palette has 2 colours"):
        read_image(path, MAX_PX)


def test_rle_is_refused_by_name(tmp_path: Path) -> None:
    """Pillow reads it as 1-bit pixels if its palette is black and white."""
    with pytest.raises(DataError, match="RLE") as caught:
        read_mask(write(tmp_path / "a.bmp", bmp(random_indices(2), 8, [BLACK, WHITE], packing=1)), MAX_PX)
    assert "damaged" not in caught.value.detail


def test_a_truncated_file_is_unreadable(tmp_path: Path) -> None:
    """At any length."""
    whole = bmp(random_indices(2), 1, [BLACK, WHITE])
    for length in range(2, len(whole)):
        with pytest.raises(DataError) as caught:
            read_mask(write(tmp_path / "a.bmp", whole[:length]), MAX_PX)
        assert caught.value.reason == "unreadable"
