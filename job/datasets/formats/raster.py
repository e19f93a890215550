"""2D images and masks: PNG, JPEG, TIFF and BMP, with the values that the file holds.

EXIF orientation is not applied: masks carry none, and image and mask must agree pixel by pixel.
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
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    SAMPLESPERPIXEL,
    TILELENGTH,
    TILEWIDTH,
    TiffImageFile,
)

from job import storage
from job.datasets.formats import png
from job.errors import DataError
from job.storage import FileInfo, InputCache

FORMATS = ("PNG", "JPEG", "TIFF", "BMP")  # named, so that Pillow never hands the bytes to EPS and its like
HEAD_BYTES = 1 << 18
USUAL_TILE_PX = 1 << 22  # tiles may well be larger than a small image
NARROW_GREYS = {"L;2": 85, "L;4": 17}  # Pillow stretches these to 0..255; a mask's labels must not be stretched
TURNED_TWICE = ("I;16BS", "I;32BS", "F;32BF")  # big-endian numbers: where libtiff unpacks, it turns them, then Pillow

# Sizes are checked by the caller's own bound, before decoding; Pillow's would warn, or refuse what a spec allows.
Image.MAX_IMAGE_PIXELS = None
# It also remarks on tags that it cannot read; what keeps the pixels from being read raises, and reaches the ledger.
warnings.filterwarnings("ignore", module=r"PIL\.TiffImagePlugin")


def read_image(path: Path, max_px: int) -> NDArray[Any]:
    """Read an image of at most `max_px` pixels: HxW grey or HxWx3 RGB, in the file's own type. Alpha is dropped."""
    with _whole(path, max_px) as (image, data):
        return _values(image, data)


def read_mask(path: Path, max_px: int) -> NDArray[Any]:
    """Read a label map of at most `max_px` pixels: HxW in the file's own type. Of a palette image, the indices."""
    with _whole(path, max_px) as (image, data):
        return np.asarray(image) if image.mode == "P" else one_channel(_values(image, data))


def one_channel(values: NDArray[Any]) -> NDArray[Any]:
    """Give the HxW values of a grey image that may be stored as HxWx3; DataError where the channels differ."""
    if values.ndim == 2:
        return values
    differing = np.argwhere((values != values[..., :1]).any(axis=-1))
    if len(differing):
        row, column = differing[0]
        raise DataError(
            "colour mask",
            f"expected one label for each pixel, a grey or palette image; at row {row}, column {column} the channels "
            f"are {', '.join(str(value) for value in values[row, column])}",
        )
    return np.ascontiguousarray(values[..., 0])


def image_size(file: FileInfo, cache: InputCache) -> tuple[int, int]:
    """Give height and width from the first bytes; only a file that hides its header further on is fetched whole."""
    head = storage.read_head(file.address, HEAD_BYTES)
    try:
        with _opened(head) as image:
            return image.height, image.width
    except DataError:
        if len(head) < HEAD_BYTES:
            raise
    with _opened(storage.read(str(cache.local(file)))) as image:
        return image.height, image.width


MAX_ASPECT = 200
"""Models resize the longer side to 256 or more; below one pixel, the shorter would be gone."""


def check_size(height: int, width: int, max_px: int) -> None:
    """Refuse an image, or a slice, with more than `max_px` pixels, or of which a model would see a line."""
    if height * width > max_px:
        raise DataError(
            "too large", f"{height} x {width} pixels (height x width); execution.max_image_px allows {max_px}"
        )
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise DataError("too narrow", f"{height} x {width} pixels; one side is over {MAX_ASPECT} times the other")


@contextmanager
def _whole(path: Path, max_px: int) -> Iterator[tuple[Image.Image, bytes]]:
    """Open a file that is sound as far as can be told before its pixels are decoded."""
    data = storage.read(str(path))
    with _opened(data) as image:
        check_size(image.height, image.width, max_px)
        if getattr(image, "is_animated", False):
            raise DataError("several frames", "expected one image in the file, found more; split it")
        if image.format == "PNG":
            png.check(data)
        if isinstance(image, TiffImageFile):
            _check_tiles(image, max_px)
            _check_planes(image)
        yield image, data


def _check_tiles(image: TiffImageFile, max_px: int) -> None:
    """Refuse a small image in a huge tile, which would be decoded whole."""
    height, width = (image.tag_v2.get(tag, 1) for tag in (TILELENGTH, TILEWIDTH))
    if height * width > max(max_px, USUAL_TILE_PX):
        raise DataError("too large", f"its tiles are {height} x {width} pixels; execution.max_image_px allows {max_px}")


def _check_planes(image: TiffImageFile) -> None:
    """Refuse what is misread in silence: Pillow takes unpacked planes for plain bytes, OpenCV for interleaved."""
    tags = image.tag_v2
    bits, inverted = max(tags.get(BITSPERSAMPLE, (1,))), tags.get(PHOTOMETRIC_INTERPRETATION) == 0
    by_pillow = image.info.get("compression") == "raw" and (bits not in (1, 8) or inverted)
    by_both = bits > 8 and tags.get(SAMPLESPERPIXEL, 1) > 1
    if tags.get(PLANAR_CONFIGURATION, 1) == 2 and (by_pillow or by_both):
        raise DataError(
            "separate planes",
            f"a TIFF of {bits} bits with PlanarConfiguration 2 (each channel apart) cannot be read; "
            "store it interleaved, as `tiffcp -p contig` does, or as PNG",
        )


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """Open bytes as an image; whatever the decoder throws, also while its pixels are read, becomes a DataError."""
    if not data:
        raise DataError("unreadable", "the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            yield image
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DataError("unreadable", f"not one of {', '.join(FORMATS)}, or its header is damaged") from None
    except Exception as error:  # damaged files make Pillow throw SyntaxError, struct.error, OSError and more
        raise DataError("unreadable", f"damaged: {error}") from None


def _values(image: Image.Image, data: bytes) -> NDArray[Any]:
    raw_mode = _raw_mode(image)
    image.load()
    if image.mode in ("P", "PA", "CMYK", "YCbCr"):
        return np.asarray(image.convert("RGB"))
    if image.mode in ("RGB", "RGBA", "RGBX", "LA", "RGBa", "La"):
        values = _deep(data, dimensions=3) if ";16" in raw_mode else np.asarray(image)
        return values[..., 0] if raw_mode.startswith("LA") else values[..., :3]
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8)
    if raw_mode in TURNED_TWICE and image.info.get("compression") != "raw":
        return _deep(data, dimensions=2)
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        return np.asarray(image) // NARROW_GREYS[raw_mode] if raw_mode in NARROW_GREYS else np.asarray(image)
    raise DataError("unreadable", f"pixels of kind {image.mode} are not supported; store grey or RGB")


def _deep(data: bytes, dimensions: int) -> NDArray[Any]:
    """Decode what Pillow would cut to 8 bits, or turn twice: HxW, or HxWx3 RGB, in the file's own type."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if values is None or values.ndim != dimensions:
        raise DataError("unreadable", "values of more than 8 bits that could not be decoded")
    return np.asarray(values)[..., 2::-1] if dimensions == 3 else np.asarray(values)


def _raw_mode(image: Image.Image) -> str:
    """Name how the file itself stores its pixels, such as `RGB;16B`; known only until they are loaded."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)
