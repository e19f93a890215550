"""2D images and masks: PNG, JPEG, TIFF and BMP, with the values that the file holds.

EXIF orientation is not applied: masks have none, and image and mask must agree pixel by pixel.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    IMAGELENGTH,
    IMAGEWIDTH,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    SAMPLESPERPIXEL,
    TILELENGTH,
    TILEWIDTH,
    TiffImageFile,
)

from job import storage
from job.datasets.formats import png
from job.datasets.sizes import check_plane
from job.errors import DataError
from job.storage import FileInfo, InputCache

FORMATS = ("PNG", "JPEG", "TIFF", "BMP")  # no others: Pillow would pass an EPS file to Ghostscript, for example
HEAD_BYTES = 1 << 18
USUAL_TILE_PX = 1 << 22  # always allowed: a tile may be larger than a small image
NARROW_GREYS = {"L;2": 85, "L;4": 17}  # Pillow multiplies these to fill 0..255; a mask's labels must stay as stored
SWAPPED_TWICE = ("I;16BS", "I;32BS", "F;32BF")  # big-endian: libtiff swaps the bytes of compressed pixels, then Pillow

# Sizes are checked before decoding, by the spec's limit. Pillow's own limit warns of, or refuses, what a spec allows.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns of tags that it cannot read. What makes the pixels unreadable raises an error, which the ledger shows.
warnings.filterwarnings("ignore", module=r"PIL\.TiffImagePlugin")


def read_image(path: Path, max_px: int) -> NDArray[Any]:
    """Read an image of at most `max_px` pixels: HxW grey or HxWx3 RGB, in the file's own type. Alpha is dropped."""
    with _open_checked(path, max_px) as (image, data):
        return _pixels(image, data)


def read_mask(path: Path, max_px: int) -> NDArray[Any]:
    """Read a label map of at most `max_px` pixels: as an image, but the HxW indices of a palette image."""
    with _open_checked(path, max_px) as (image, data):
        return np.asarray(image) if image.mode == "P" else _pixels(image, data)


def image_size(file: FileInfo, cache: InputCache) -> tuple[int, int]:
    """Read height and width from the first bytes. A file with its header further behind is fetched whole."""
    head = storage.read_head(file.address, HEAD_BYTES)
    try:
        with _open(head) as image:
            return image.height, image.width
    except DataError:
        if len(head) < HEAD_BYTES:
            raise
    with _open(storage.read(str(cache.local(file)))) as image:
        return image.height, image.width


@contextmanager
def _open_checked(path: Path, max_px: int) -> Iterator[tuple[Image.Image, bytes]]:
    """Open a file and check all that can be checked before its pixels are decoded."""
    data = storage.read(str(path))
    with _open(data) as image:
        check_plane(image.height, image.width, max_px)
        if getattr(image, "is_animated", False):
            raise DataError("several frames", "expected one image in the file, found more; split it")
        if image.format == "PNG":
            png.check(data)
        if isinstance(image, TiffImageFile):
            _check_tiles(image, max_px)
            _check_planes(image)
        yield image, data


def _check_tiles(image: TiffImageFile, max_px: int) -> None:
    """Raise DataError if a small image lies in a huge tile, which would be decoded whole."""
    height, width = (image.tag_v2.get(tag, 1) for tag in (TILELENGTH, TILEWIDTH))
    if height * width > max(max_px, USUAL_TILE_PX):
        raise DataError("too large", f"its tiles are {height} x {width} pixels; execution.max_image_px allows {max_px}")


def _check_planes(image: TiffImageFile) -> None:
    """Raise DataError for planes that are read wrong without an error.

    Pillow reads uncompressed planes as plain bytes; OpenCV reads planes as if they were interleaved.
    """
    tags = image.tag_v2
    bits, inverted = max(tags.get(BITSPERSAMPLE, (1,))), tags.get(PHOTOMETRIC_INTERPRETATION) == 0
    by_pillow = image.info.get("compression") == "raw" and (bits not in (1, 8) or inverted)
    by_both = bits > 8 and tags.get(SAMPLESPERPIXEL, 1) > 1
    if tags.get(PLANAR_CONFIGURATION, 1) == 2 and (by_pillow or by_both):
        raise DataError(
            "separate planes",
            f"a TIFF of {bits} bits with PlanarConfiguration 2 (each channel stored separately) cannot be read; "
            "store it interleaved, as `tiffcp -p contig` does, or as PNG",
        )


@contextmanager
def _open(data: bytes) -> Iterator[Image.Image]:
    """Open bytes as an image. Whatever the decoder raises, also inside the block, becomes a DataError."""
    if not data:
        raise DataError("unreadable", "the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if isinstance(image, TiffImageFile):
                _ignore_orientation(image)
            yield image
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DataError("unreadable", f"not one of {', '.join(FORMATS)}, or its header is damaged") from None
    except Exception as error:  # damaged files make Pillow raise SyntaxError, struct.error, OSError and more
        raise DataError("unreadable", f"damaged: {error}") from None


def _is_turned(image: Image.Image) -> bool:
    return isinstance(image, TiffImageFile) and image.tag_v2.get(ExifTags.Base.Orientation, 1) != 1


def _ignore_orientation(image: TiffImageFile) -> None:
    """Keep Pillow from applying the orientation of a TIFF, which it would do while loading the pixels."""
    image.getexif().pop(ExifTags.Base.Orientation, None)
    image._size = image.tag_v2[IMAGEWIDTH], image.tag_v2[IMAGELENGTH]


def _pixels(image: Image.Image, data: bytes) -> NDArray[Any]:
    """Decode an image: HxW, or HxWx3 RGB, in the file's own type. data: the whole file, for a second decoder."""
    raw_mode, turned = _raw_mode(image), _is_turned(image)
    image.load()
    if image.mode in ("P", "PA", "CMYK", "YCbCr"):
        return np.asarray(image.convert("RGB"))
    if image.mode in ("RGB", "RGBA", "RGBX", "LA", "RGBa", "La"):
        values = _decode_by_opencv(data, dimensions=3, turned=turned) if ";16" in raw_mode else np.asarray(image)
        return values[..., 0] if raw_mode.startswith("LA") else values[..., :3]
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8)
    if raw_mode in SWAPPED_TWICE and image.info.get("compression") != "raw":
        return _decode_by_opencv(data, dimensions=2, turned=turned)
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        return np.asarray(image) // NARROW_GREYS[raw_mode] if raw_mode in NARROW_GREYS else np.asarray(image)
    raise DataError("unreadable", f"pixels of kind {image.mode} are not supported; store grey or RGB")


def _decode_by_opencv(data: bytes, *, dimensions: int, turned: bool) -> NDArray[Any]:
    """Decode what Pillow would cut to 8 bits, or swap twice: HxW, or HxWx3 RGB, in the file's own type.

    turned: whether the file is a TIFF with an orientation, which OpenCV always applies.
    """
    if turned:
        detail = "a TIFF of more than 8 bits that is not upright by its tag Orientation; store its pixels upright"
        raise DataError("turned image", detail)
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.ndim != dimensions:
        raise DataError("unreadable", "values of more than 8 bits that could not be decoded")
    return np.asarray(values)[..., 2::-1] if dimensions == 3 else np.asarray(values)


def _raw_mode(image: Image.Image) -> str:
    """Return how the file stores its pixels, such as `RGB;16B`. Pillow forgets it once they are loaded."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)
