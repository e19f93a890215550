"""TIFF and BigTIFF: the stored values, by tifffile. Orientation and photometric interpretation are not applied."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tifffile import TiffFile, TiffPage

from job.datasets.doubt import Doubt
from job.datasets.fit import check_picture
from job.datasets.formats.picture import Decoded, known_orientation
from job.datasets.formats.tiff_page import (
    ALPHA,
    CMYK,
    COLOURS,
    JPEG,
    PALETTE,
    WHITE_IS_ZERO,
    channels_of,
    check_kind,
    check_segments,
    first_page,
    has_alpha,
)
from job.datasets.sizes import check_plane
from job.errors import DataError

ORIENTATION = 274


def image_size(data: bytes) -> tuple[int, int]:
    """Return height and width. data: the first bytes of a file, as far as its tags."""
    with TiffFile(io.BytesIO(data)) as file:
        page = first_page(file)
        return page.imagelength, page.imagewidth


def decode(data: bytes, max_px: int) -> Decoded:
    """Decode a whole file of one image; raise DataError, before decoding, for what would be read wrongly."""
    with TiffFile(io.BytesIO(data)) as file:
        page = first_page(file)
        check_plane(page.imagelength, page.imagewidth, max_px)
        _check_single(file, page)
        dtype = check_kind(page)
        check_picture(page.imagelength, page.imagewidth, page.samplesperpixel, dtype.itemsize)
        check_segments(page, max_px)
        return _decoded(page, channels_of(page))


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
        has_alpha=has_alpha(page),
        lossy="JPEG" if page.compression == JPEG else "",
        doubts=tuple(_doubts(page, extra.shape[-1])),
        orientation=known_orientation(page.tags.valueof(ORIENTATION, 1)),
    )


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
