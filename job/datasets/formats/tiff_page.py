"""One page of a TIFF: what is checked before it is decoded, and its values as stored."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from job.datasets.formats import jpeg
from job.datasets.formats.blocks import WIDER
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
USUAL_TILE_PX = 1 << 22  # always allowed: a tile may be larger than a small image

# tifffile logs remarks on tags. What makes the pixels unreadable raises an error, which the ledger shows.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)


def check_kind(page: TiffPage) -> np.dtype[Any]:
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
    only_alpha = extra == 1 and has_alpha(page)
    if extra < 0 or channels > MAX_CHANNELS or (colours == 1 and extra and not only_alpha):
        raise DataError(
            "several channels",
            f"expected one grey or three RGB channels, found {channels} (PhotometricInterpretation {photometric}); "
            "which of them is meant is not guessed: store that one alone",
        )
    return page.dtype


def check_segments(page: TiffPage, max_px: int) -> None:
    """Raise DataError if a small image lies in a huge tile, which would be decoded whole, or if pixels are missing."""
    if page.is_tiled and page.tilelength * page.tilewidth * page.tiledepth > max(max_px, USUAL_TILE_PX):
        tile = f"its tiles are {page.tilelength} x {page.tilewidth} pixels"
        raise DataError("too large", f"{tile}; execution.max_image_px allows {max_px}")
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(segments) < math.prod(page.chunked) or any(offset <= 0 or count <= 0 for offset, count in segments):
        raise DataError("unreadable", "strips or tiles without data")
    file = page.parent.filehandle
    if page.compression != 1 and any(offset + count > file.size for offset, count in segments):
        raise DataError(
            "unreadable", f"truncated: pixels are said to lie behind the end of the file ({file.size} bytes)"
        )
    if page.compression == JPEG:
        for offset, count in segments:
            file.seek(offset)
            _check_jpeg(page, file.read(count))


def _check_jpeg(page: TiffPage, segment: bytes) -> None:
    """Raise DataError if a strip or tile holds a larger JPEG, which would be decoded whole."""
    rows = min(page.rowsperstrip, page.imagelength)
    height, width = (page.tilelength, page.tilewidth) if page.is_tiled else (rows, page.imagewidth)
    size = jpeg.frame_size(segment)
    if size is None or size[0] > height or size[1] > width:
        raise DataError("unreadable", f"damaged: a strip or tile of {height} x {width} pixels holds another JPEG")
    jpeg.check_scans(segment)


def has_alpha(page: TiffPage) -> bool:
    """Return whether the first channel after the colours is declared as alpha."""
    return bool(page.extrasamples) and page.extrasamples[0] in ALPHA


def first_page(file: TiffFile) -> TiffPage:
    """Return the first page of a file; raise DataError if there is none, or if its size is not one."""
    page = file.pages.first
    if not isinstance(page, TiffPage):
        raise DataError("unreadable", "a TIFF without an image")
    check_size(page)
    return page


def check_size(page: TiffPage) -> None:
    """Raise DataError if the tags of a damaged page hold several numbers for its height or width."""
    if not isinstance(page.imagelength, int) or not isinstance(page.imagewidth, int):
        raise DataError("unreadable", "damaged: the tags state several heights or widths")


def channels_of(page: TiffPage) -> NDArray[Any]:
    """Decode a page that was checked: HxWxC, as stored; half floats and booleans are widened."""
    stored = page.asarray(squeeze=False, maxworkers=1)  # separate planes, depth, height, width, channels
    values_HWC = np.concatenate(list(stored[:, 0]), axis=-1)
    return values_HWC.astype(WIDER.get(values_HWC.dtype.name, values_HWC.dtype), copy=False)


def _unsupported(what: str) -> DataError:
    return DataError("unreadable", f"a TIFF with {what}, which is not supported; store grey or RGB, or PNG")
