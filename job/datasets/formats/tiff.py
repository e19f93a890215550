"""TIFF and BigTIFF: the stored values, by tifffile. Orientation and photometric interpretation are not applied."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tifffile import TiffFile, TiffPage

from job.datasets.doubt import Doubt
from job.datasets.fit import check_picture
from job.datasets.formats import jpeg
from job.datasets.formats.picture import Decoded, known_orientation
from job.datasets.sizes import check_plane
from job.errors import DataError

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, BINARY_MASK, CMYK, YCBCR = range(7)
COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, BINARY_MASK: 1, CMYK: 4, YCBCR: 3}
"""The channels of each photometric interpretation that is read. Others follow them: alpha, or what no tag explains."""
JPEG = 7
COMPRESSIONS = {1: "none", 2: "CCITT", 3: "CCITT T.4", 4: "CCITT T.6", 5: "LZW", JPEG: "JPEG", 8: "deflate"}
COMPRESSIONS |= {32773: "PackBits", 32946: "deflate", 34925: "LZMA", 50000: "Zstandard"}
"""The compressions that are read. All but JPEG keep the values, and unpack into memory of a known size."""
ALPHA = (1, 2)  # of the tag ExtraSamples; 0 is a channel of unknown meaning
MAX_CHANNELS = 8
WIDER = {"bool": np.uint8, "float16": np.float32}  # the difference of two half floats may overflow
USUAL_TILE_PX = 1 << 22  # always allowed: a tile may be larger than a small image
ORIENTATION = 274

# tifffile logs remarks on tags. What makes the pixels unreadable raises an error, which the ledger shows.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)


def image_size(data: bytes) -> tuple[int, int]:
    """Return height and width. data: the first bytes of a file, as far as its tags."""
    with _first_page(data) as (_, page):
        return page.imagelength, page.imagewidth


def decode(data: bytes, max_px: int) -> Decoded:
    """Decode a whole file of one image; raise DataError, before decoding, for what would be read wrongly."""
    with _first_page(data) as (file, page):
        check_plane(page.imagelength, page.imagewidth, max_px)
        _check_single(file, page)
        dtype = _check_kind(page)
        check_picture(page.imagelength, page.imagewidth, page.samplesperpixel, dtype.itemsize)
        _check_segments(page, data, max_px)
        stored = page.asarray(squeeze=False, maxworkers=1)  # separate planes, depth, height, width, channels
        values_HWC = np.concatenate(list(stored[:, 0]), axis=-1)
        return _decoded(page, values_HWC.astype(WIDER.get(values_HWC.dtype.name, values_HWC.dtype), copy=False))


@contextmanager
def _first_page(data: bytes) -> Iterator[tuple[TiffFile, TiffPage]]:
    with TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        if not isinstance(page, TiffPage):
            raise DataError("unreadable", "a TIFF without an image")
        if not isinstance(page.imagelength, int) or not isinstance(page.imagewidth, int):
            raise DataError("unreadable", "damaged: the tags state several heights or widths")
        yield file, page


def _decoded(page: TiffPage, values_HWC: NDArray[np.generic]) -> Decoded:
    """Split the channels into colours and the rest, and collect the doubts that the tags raise."""
    photometric, count = int(page.photometric), COLOURS[int(page.photometric)]
    colours, extra = values_HWC[..., :count], values_HWC[..., count:]
    if photometric == CMYK:
        colours = np.asarray(Image.fromarray(np.ascontiguousarray(colours), "CMYK").convert("RGB"))
    return Decoded(
        values=np.ascontiguousarray(colours[..., 0] if count == 1 else colours),
        palette=_palette(page) if photometric == PALETTE else None,
        extra=extra if extra.shape[-1] else None,
        has_alpha=_has_alpha(page),
        lossy="JPEG" if page.compression == JPEG else "",
        doubts=tuple(_doubts(page, extra.shape[-1])),
        orientation=known_orientation(page.tags.valueof(ORIENTATION, 1)),
    )


def _has_alpha(page: TiffPage) -> bool:
    """Return whether the first channel after the colours is declared as alpha."""
    return bool(page.extrasamples) and page.extrasamples[0] in ALPHA


def _palette(page: TiffPage) -> NDArray[np.uint8]:
    """Return the colours, Nx3. The tag holds 16 bits for each; some programs fill only the lower 8."""
    if page.colormap is None:
        raise DataError("unreadable", "a palette TIFF without its tag ColorMap")
    colours = np.asarray(page.colormap).T
    return (colours >> 8 if colours.max(initial=0) > 255 else colours).astype(np.uint8)


def _doubts(page: TiffPage, extra: int) -> Iterator[Doubt]:
    if page.photometric == WHITE_IS_ZERO:
        detail = (
            "PhotometricInterpretation is 0 (white is zero): viewers show the values inverted, but they are used as "
            "stored; if the inverted values are meant, store those with PhotometricInterpretation 1"
        )
        yield Doubt(reason="white is zero", detail=detail)
    meanings = [*page.extrasamples, *[0] * extra][:extra]
    if any(meaning not in ALPHA for meaning in meanings):
        channels = COLOURS[int(page.photometric)] + extra
        detail = f"{channels} channels, of which those after the colours are not declared as alpha; they are not read"
        yield Doubt(reason="extra channels", detail=detail)


def _check_single(file: TiffFile, page: TiffPage) -> None:
    """Raise DataError for more than one image. ImageJ may store a stack behind the tags of its first image."""
    try:
        several = file.pages[1] is not None
    except IndexError:
        several = False
    stack = (file.imagej_metadata or {}).get("images", 1) if file.is_imagej else 1
    if several or stack != 1 or page.imagedepth != 1:
        raise DataError("several frames", "expected one image in the file, found more; split it")


def _check_kind(page: TiffPage) -> np.dtype[Any]:
    """Return the type of the values; raise DataError for kinds of pixels that are not read, with their name."""
    photometric, channels = int(page.photometric), page.samplesperpixel
    compression = int(page.compression)
    if compression not in COMPRESSIONS:
        raise _unsupported(f"the compression {compression} ({getattr(page.compression, 'name', 'unknown')})")
    if photometric not in COLOURS or (photometric == YCBCR and compression != JPEG):
        raise _unsupported(f"the photometric interpretation {getattr(page.photometric, 'name', photometric)}")
    if page.dtype is None or page.dtype.kind not in "buif" or isinstance(page.bitspersample, tuple):
        raise _unsupported(f"numbers of {page.bitspersample} bits with SampleFormat {page.sampleformat}")
    if photometric == PALETTE and page.dtype.kind not in "bu":
        raise _unsupported(f"a palette and {page.dtype} indices")
    if photometric == CMYK and (page.dtype != np.uint8 or channels != COLOURS[CMYK]):
        raise _unsupported("CMYK of other than 4 channels of 8 bits")
    colours = COLOURS[photometric]
    extra = channels - colours
    only_alpha = extra == 1 and _has_alpha(page)
    if extra < 0 or channels > MAX_CHANNELS or (colours == 1 and extra and not only_alpha):
        raise DataError(
            "several channels",
            f"expected one grey or three RGB channels, found {channels} (PhotometricInterpretation {photometric}); "
            "which of them is meant is not guessed: store that one alone",
        )
    return page.dtype


def _unsupported(what: str) -> DataError:
    return DataError("unreadable", f"a TIFF with {what}, which is not supported; store grey or RGB, or PNG")


def _check_segments(page: TiffPage, data: bytes, max_px: int) -> None:
    """Raise DataError if a small image lies in a huge tile, which would be decoded whole, or if pixels are missing."""
    if page.is_tiled and page.tilelength * page.tilewidth * page.tiledepth > max(max_px, USUAL_TILE_PX):
        tile = f"its tiles are {page.tilelength} x {page.tilewidth} pixels"
        raise DataError("too large", f"{tile}; execution.max_image_px allows {max_px}")
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(segments) < math.prod(page.chunked) or any(offset <= 0 or count <= 0 for offset, count in segments):
        raise DataError("unreadable", "strips or tiles without data")
    if page.compression != 1 and any(offset + count > len(data) for offset, count in segments):
        raise DataError(
            "unreadable", f"truncated: pixels are said to lie behind the end of the file ({len(data)} bytes)"
        )
    if page.compression == JPEG:
        for offset, count in segments:
            _check_jpeg(page, data[offset : offset + count])


def _check_jpeg(page: TiffPage, segment: bytes) -> None:
    """Raise DataError if a strip or tile holds a larger JPEG, which would be decoded whole."""
    rows = min(page.rowsperstrip, page.imagelength)
    height, width = (page.tilelength, page.tilewidth) if page.is_tiled else (rows, page.imagewidth)
    size = jpeg.frame_size(segment)
    if size is None or size[0] > height or size[1] > width:
        raise DataError("unreadable", f"damaged: a strip or tile of {height} x {width} pixels holds another JPEG")
    jpeg.check_scans(segment)
