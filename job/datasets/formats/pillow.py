"""PNG, JPEG, BMP and GIF: the stored values, by Pillow, or by a second decoder where Pillow changes them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from job.datasets.doubt import Doubt
from job.datasets.fit import check_picture
from job.datasets.formats import bmp, jpeg, png
from job.datasets.formats.picture import Decoded, known_orientation
from job.datasets.sizes import check_plane
from job.errors import DataError

FORMATS = ("PNG", "JPEG", "BMP", "GIF")  # no others: Pillow would pass an EPS file to Ghostscript, for example
NARROW_GREYS = {"L;2": 85, "L;4": 17}  # Pillow multiplies these to fill 0..255; a mask's labels must stay as stored

# Sizes are checked before decoding, by the spec's limit. Pillow's own limit warns of, or refuses, what a spec allows.
Image.MAX_IMAGE_PIXELS = None


def image_size(data: bytes) -> tuple[int, int]:
    """Return height and width. data: the first bytes of a file, as far as its pixels."""
    with _open(data) as image:
        return image.height, image.width


def decode(data: bytes, max_px: int) -> Decoded:
    """Decode a whole file of one image, at most `max_px` pixels. Of a phone's MPO, the first picture is the image."""
    with _open(data) as image:
        check_plane(image.height, image.width, max_px)
        check_picture(image.height, image.width, len(image.getbands()), _value_bytes(image))
        if image.format != "MPO" and getattr(image, "is_animated", False):
            raise DataError("several frames", f"expected one image in the {image.format} file, found more; split it")
        if image.format == "PNG":
            png.check(data)
        if image.format == "BMP" and (decoded := bmp.decode_palette(data, image.height, image.width)):
            return decoded
        if image.format in ("JPEG", "MPO"):
            jpeg.check_scans(data)
            return _decode_jpeg(image, data)
        return _with_orientation(image, _pixels(image, data))


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _decode_jpeg(image: Image.Image, data: bytes) -> Decoded:
    """Decode a JPEG, with a doubt if its end is missing but no pixel is."""
    try:
        return _with_orientation(image, replace(_pixels(image, data), lossy="JPEG"))
    except OSError:
        whole = jpeg.complete_without_end(data, lambda completed: np.asarray(_open(completed)))
        if whole is None:
            raise
    doubt = Doubt(reason="end missing", detail="the file ends without JPEG's end marker; its pixels are complete")
    with _open(whole) as mended:
        return _with_orientation(mended, replace(_pixels(mended, whole), lossy="JPEG", doubts=(doubt,)))


def _with_orientation(image: Image.Image, decoded: Decoded) -> Decoded:
    """Add the orientation that the EXIF data of a file state."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception as error:  # damaged EXIF data make Pillow raise SyntaxError, struct.error and more
        doubt = Doubt(reason="orientation unknown", detail=f"the EXIF data are damaged: {error}")
        return replace(decoded, doubts=(*decoded.doubts, doubt))
    return replace(decoded, orientation=known_orientation(orientation))


def _pixels(image: Image.Image, data: bytes) -> Decoded:
    """Decode the pixels in the file's own type. data: the whole file, for a second decoder."""
    raw_mode = _raw_mode(image)
    image.load()
    if image.mode == "P":
        palette = np.asarray(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return Decoded(values=np.asarray(image), palette=palette)
    if image.mode in ("CMYK", "YCbCr"):
        return Decoded(values=np.asarray(image.convert("RGB")))
    if image.mode in ("RGB", "RGBA", "LA"):
        values = _decode_by_opencv(data) if ";16" in raw_mode else np.asarray(image)
        colours = values[..., 0] if raw_mode.startswith("LA") else values[..., :3]
        return Decoded(values=colours, extra=values[..., -1:] if values.shape[-1] in (2, 4) else None)
    if image.mode == "1":
        return Decoded(values=np.asarray(image).astype(np.uint8))
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image)
        return Decoded(values=values // NARROW_GREYS[raw_mode] if raw_mode in NARROW_GREYS else values)
    raise DataError("unreadable", f"pixels of kind {image.mode} are not supported; store grey or RGB")


def _decode_by_opencv(data: bytes) -> NDArray[Any]:
    """Decode 16-bit colour, which Pillow would cut to 8 bits: HxWx3 RGB or HxWx4 RGBA, uint16."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.ndim != 3:
        raise DataError("unreadable", "values of more than 8 bits that could not be decoded")
    return np.asarray(values)[..., [2, 1, 0, 3][: values.shape[-1]]]


def _value_bytes(image: Image.Image) -> int:
    """Return the bytes of one value in memory."""
    if image.mode in ("I", "F"):
        return 4
    return 2 if ";16" in image.mode or ";16" in _raw_mode(image) else 1


def _raw_mode(image: Image.Image) -> str:
    """Return how the file stores its pixels, such as `RGB;16B`. Pillow forgets it once they are loaded."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)
