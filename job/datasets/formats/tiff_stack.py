"""Stacks of pictures in one TIFF, its pages or ImageJ's images as slices: one number for each pixel.

A name does not tell a stack from a picture, so that this format is chosen by `is_stack`, not by ENDINGS alone.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from job import storage
from job.datasets.doubt import Doubt
from job.datasets.formats.blocks import WIDER, check_length
from job.datasets.formats.tiff_page import (
    COLOURS,
    PALETTE,
    WHITE_IS_ZERO,
    channels_of,
    check_kind,
    check_segments,
    check_size,
    first_page,
)
from job.datasets.formats.volume import StoredHeader, stack_affine
from job.datasets.sizes import MAX_AXIS, as_text, check_axes
from job.errors import DataError
from job.storage import FileInfo, damage_named

ENDINGS = (".tif", ".tiff")
PLAIN = {"imagej", "shaped", "uniform"}
"""What a file may be whose pages are slices. Microscopes' formats order pages by channel and time too."""
UNITS_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "micron": 0.001, "um": 0.001, "µm": 0.001, "\\u00b5m": 0.001}
UNITS_MM |= {"inch": 25.4, "nm": 1e-6}
Spacing = tuple[float, float, float]


def is_stack(stream: BinaryIO) -> bool:
    """Return whether a whole TIFF holds more than one page or image of ImageJ, or is cut off behind its first page."""
    with _open(stream, "") as file:
        return _count(file) > 1 or _lacks_page(file)


def read_header(file: FileInfo) -> StoredHeader:
    """Read shape, type and ImageJ's spacing. A remote file is read whole: its tags may lie anywhere."""
    with _stack(file) as stack:
        page = first_page(stack)
        spacing = _spacing_mm(stack, page)
        widened = np.dtype(WIDER.get(np.dtype(page.dtype).name, page.dtype))
        return StoredHeader(
            shape=(_count(stack), page.imagelength, page.imagewidth),
            affine=stack_affine(spacing),
            oriented=False,
            spacing_mm=spacing,
            slices_first=True,
            value_bytes=widened.itemsize,
            doubts=tuple(_doubts(page)),
        )


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read all slices (slices, rows, columns). The caller checks their size by `read_header` before."""
    with _stack(file) as stack:
        page, count = first_page(stack), _count(stack)
        if len(stack.pages) == 1:
            return _unpaged(stack, page, count)
        first = channels_of(page)[..., 0]
        values = np.empty((count, *first.shape), first.dtype)
        values[0] = first
        for index in range(1, count):
            values[index] = channels_of(_page(stack, index))[..., 0]
        return values


@contextmanager
def _open(source: Any, address: str) -> Iterator[TiffFile]:
    """Open a file, and turn whatever tifffile and its codecs raise for a damaged one into a DataError."""
    with damage_named(address), TiffFile(source) as file:
        yield file


@contextmanager
def _stack(file: FileInfo) -> Iterator[TiffFile]:
    """Open a stack after the checks of each of its pages; nothing is decoded."""
    path = storage.local_path(file.address)
    with _open(path or io.BytesIO(storage.read(file.address)), file.address) as stack:
        _check_last(stack)
        page, count = first_page(stack), _count(stack)
        check_axes((count, page.imagelength, page.imagewidth))
        if len(stack.pages) not in (1, count):
            raise DataError("several volumes", f"the file states {count} images, it has {len(stack.pages)} pages")
        for index in range(len(stack.pages)):
            _check_page(_page(stack, index), page)
        _check_order(stack)
        yield stack


def _check_last(stack: TiffFile) -> None:
    """Raise DataError if the last page that can be read is followed by another. tifffile leaves out what is cut off."""
    if _lacks_page(stack):
        raise DataError("unreadable", f"truncated: another page is said to follow the first {len(stack.pages)}")


def _lacks_page(file: TiffFile) -> bool:
    """Return whether the last page that can be read names another."""
    pages = len(file.pages)  # which are looked for only then
    at = file.pages.next_page_offset
    if at is None or not pages:
        return False
    file.filehandle.seek(at)
    return any(file.filehandle.read(file.tiff.offsetsize))


def _check_order(stack: TiffFile) -> None:
    """Raise DataError if pages may be more than slices: channels, times, or what only a microscope's format tells."""
    others = stack.flags - PLAIN
    stated = stack.imagej_metadata or {}
    several = [name for name in ("channels", "frames") if stated.get(name, 1) != 1]
    for shaped in stack.shaped_metadata or ():
        if sum(length != 1 for length in shaped.get("shape", ())) > 3:
            several.append(f"the shape {as_text(shaped['shape'])}")
    if others or several:
        what = ", ".join([*sorted(others), *several])
        raise DataError("several volumes", f"expected slices alone, found {what}; store them as one plain stack")


def _count(file: TiffFile) -> int:
    """Return the number of slices. Of a large stack, ImageJ stores the tags of the first alone, and counts the rest."""
    images = (file.imagej_metadata or {}).get("images", 1) if file.is_imagej else 1
    count = max(len(file.pages), images if isinstance(images, int) else 1)
    if count > MAX_AXIS:
        raise DataError("too large", f"{count} slices; at most {MAX_AXIS} along an axis")
    return count


def _page(stack: TiffFile, index: int) -> TiffPage:
    page = stack.pages[index]
    if not isinstance(page, TiffPage):
        raise DataError("unreadable", f"page {index + 1} has no tags of its own")
    return page


def _check_page(page: TiffPage, first: TiffPage) -> None:
    """Raise DataError for a page that is not grey, or is of another size or type than the first."""
    check_size(page)
    dtype = check_kind(page)
    if COLOURS[int(page.photometric)] != 1 or page.photometric == PALETTE or page.samplesperpixel != 1:
        raise DataError("colour volume", "expected one grey value for each pixel of a stack; store it without colours")
    size, expected = ((each.imagelength, each.imagewidth) for each in (page, first))
    if size != expected or dtype != first.dtype or page.photometric != first.photometric or page.imagedepth != 1:
        detail = f"page {page.index + 1} holds {as_text(size)} {dtype}, the first {as_text(expected)} {first.dtype}"
        raise DataError("several frames", f"{detail}; of a stack, all pages are alike")
    check_segments(page, math.prod(size))


def _unpaged(stack: TiffFile, page: TiffPage, count: int) -> NDArray[Any]:
    """Read the images that follow the first without tags of their own: uncompressed, one after the other."""
    shape, dtype = (count, page.imagelength, page.imagewidth), check_kind(page).newbyteorder(stack.byteorder)
    if not page.is_contiguous or dtype.kind == "b":
        raise DataError("unreadable", f"{count} images behind one page, which are packed; store each as a page")
    start = page.dataoffsets[0]
    check_length(math.prod(shape) * dtype.itemsize, stack.filehandle.size - start)
    values = stack.filehandle.read_array(dtype, math.prod(shape), start)
    native = dtype.newbyteorder("=")
    return values.astype(WIDER.get(native.name, native), copy=False).reshape(shape)


def _spacing_mm(stack: TiffFile, page: TiffPage) -> Spacing | None:
    """Return the millimetres between slices, rows and columns that ImageJ states; None if it does not state all."""
    stated = stack.imagej_metadata or {}
    unit_mm = UNITS_MM.get(str(stated.get("unit", "")).lower())
    rates = [page.tags.valueof(name) for name in ("YResolution", "XResolution")]  # pixels for each unit: a fraction
    lengths = [stated.get("spacing"), *(rate[1] / rate[0] if rate and rate[0] else None for rate in rates)]
    known = [float(mm) for mm in lengths if isinstance(mm, int | float) and math.isfinite(mm) and mm > 0]
    if unit_mm is None or len(known) != 3:
        return None
    z_mm, y_mm, x_mm = (length * unit_mm for length in known)
    return z_mm, y_mm, x_mm


def _doubts(page: TiffPage) -> Iterator[Doubt]:
    if page.photometric == WHITE_IS_ZERO:
        detail = "PhotometricInterpretation is 0 (white is zero): viewers invert the values, they are used as stored"
        yield Doubt(reason="white is zero", detail=detail)
