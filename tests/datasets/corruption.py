"""Sound files of every format, and ways to damage them. Seeded, so that the damage is the same every time."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.datasets.make import PLACED, png

SIDE = 40
DEPTH = 3
Random = np.random.Generator
Writer = Callable[[NDArray[np.uint8]], bytes]


def labels() -> NDArray[np.uint8]:
    """Return a label map, SIDE x SIDE, with one object in its middle."""
    label_map = np.zeros((SIDE, SIDE), np.uint8)
    label_map[12:28, 12:28] = 1
    return label_map


def noise(seed: int = 1) -> NDArray[np.uint8]:
    """Return an image, SIDE x SIDE."""
    return np.random.default_rng(seed).integers(0, 200, (SIDE, SIDE), dtype=np.uint8)


def _picture(kind: str, dtype: type = np.uint8, **options: Any) -> Writer:
    def write(values: NDArray[np.uint8]) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(values.astype(dtype)).save(buffer, kind, **options)
        return buffer.getvalue()

    return write


def _palette(values: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(values, "P")
    image.putpalette(bytes(range(256)) * 3)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _one_bit(values: NDArray[np.uint8]) -> bytes:
    return png([np.packbits(row > 0).tobytes() for row in values], SIDE, 1, 0)


def _colour_16(suffix: str, *options: int) -> Writer:
    return lambda values: cv2.imencode(suffix, np.dstack([values.astype(np.uint16)] * 3), options)[1].tobytes()


def _volume(kind: Any, level: int | None = None) -> Writer:
    """Return a writer of NIfTI. level: of gzip's compression; None for a file that is not compressed."""

    def write(values: NDArray[np.uint8]) -> bytes:
        data: bytes = kind(np.repeat(values.T[..., None], DEPTH, axis=-1).astype(np.int16), PLACED).to_bytes()
        return data if level is None else gzip.compress(data, level, mtime=0)

    return write


FORMATS: dict[str, Writer] = {
    "grey.png": _picture("PNG"),
    "plain.png": _picture("PNG", compress_level=0),
    "grey16.png": _picture("PNG", np.uint16),
    "colour16.png": _colour_16(".png"),
    "palette.png": _palette,
    "bits.png": _one_bit,
    "grey.jpg": _picture("JPEG", quality=95),
    "plain.tif": _picture("TIFF"),
    "lzw.tif": _picture("TIFF", compression="tiff_lzw"),
    "deflate.tif": _picture("TIFF", compression="tiff_adobe_deflate"),
    "jpeg.tif": _picture("TIFF", compression="jpeg"),
    "float.tif": _picture("TIFF", np.float32),
    "colour16.tif": _colour_16(".tiff"),
    "grey.bmp": _picture("BMP"),
    "one.nii": _volume(nib.Nifti1Image),
    "one.nii.gz": _volume(nib.Nifti1Image, level=9),
    "plain.nii.gz": _volume(nib.Nifti1Image, level=0),
    "two.nii.gz": _volume(nib.Nifti2Image, level=6),
}
CHECKED = [name for name in FORMATS if name.endswith((".png", ".gz"))]
"""Formats with a checksum over their pixels. In the `plain` ones of them, only the checksum can show a flipped bit."""


def flip(data: bytes, random: Random, first: int = 0, last: int | None = None, times: int = 1) -> bytes:
    """Flip single bits of a file, from byte `first` to before byte `last`."""
    changed = bytearray(data)
    for _ in range(times):
        changed[random.integers(first, last or len(data))] ^= 1 << random.integers(8)
    return bytes(changed)


def _zero(data: bytes, random: Random) -> bytes:
    start = int(random.integers(len(data)))
    length = int(random.integers(1, 200))
    return data[:start] + bytes(len(data[start : start + length])) + data[start + length :]


def _extreme(data: bytes, random: Random) -> bytes:
    """Put an extreme number of 2, 4 or 8 bytes somewhere into the first 400 bytes, where headers state sizes."""
    number = EXTREMES[random.integers(len(EXTREMES))]
    size = int(random.choice([2, 4, 8]))
    start = int(random.integers(min(len(data), 400)))
    order = ("little", "big")[random.integers(2)]
    return data[:start] + (number % 256**size).to_bytes(size, order) + data[start + size :]


EXTREMES = [0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 100_000, 0x7FC00000, 2**62]

DAMAGES: dict[str, Callable[[bytes, Random], bytes]] = {
    "header flip": lambda data, random: flip(data, random, last=min(64, len(data))),
    "body flip": lambda data, random: flip(data, random, first=len(data) // 3),
    "many flips": lambda data, random: flip(data, random, times=20),
    "cut": lambda data, random: data[: random.integers(len(data))],
    "cut early": lambda data, random: data[: random.integers(min(64, len(data)))],
    "empty": lambda data, random: b"",
    "junk behind": lambda data, random: data + random.bytes(random.integers(1, 5000)),
    "junk": lambda data, random: random.bytes(len(data)),
    "zeroed": _zero,
    "doubled": lambda data, random: data + data,
    "extreme": _extreme,
}


def damaged(name: str, damage: str, values: NDArray[np.uint8], seed: int = 0) -> bytes:
    """Return a file of a format with the given values, damaged in one way."""
    random = np.random.default_rng([seed, zlib.crc32(f"{name} {damage}".encode())])
    return DAMAGES[damage](FORMATS[name](values), random)
