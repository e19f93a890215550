"""A DICOM file of one image as a picture: CR, DX, MG, US, secondary capture, or a single slice."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import ExplicitVRBigEndian

from job.datasets.doubt import Doubt
from job.datasets.fit import check_picture
from job.datasets.formats.dicom import headers, pixels
from job.datasets.formats.dicom.elements import numbers, whole_number
from job.datasets.formats.dicom.headers import Header
from job.datasets.formats.dicom.layout import PALETTE, Layout, layout_of
from job.datasets.formats.dicom.planes import mapping_doubts, rescale_doubts, rescale_of, table_of, window_of
from job.datasets.formats.dicom.scaling import INVERTED, rescaled, value_type
from job.datasets.formats.picture import Decoded
from job.datasets.known import Known
from job.datasets.sizes import check_plane
from job.errors import DataError

MAX_PALETTE_BITS = 16
ONE_SLICE = "one file does not tell when the scan of its series began; name its folder, with a slash at the end"


def image_size(data: bytes) -> tuple[int, int]:
    """Return height and width. data: the first bytes of a file, as far as its pixels."""
    header = headers.parse(data, whole=False, last=headers.LAST_OF_IMAGE)
    rows, columns = (whole_number(header.dataset, keyword) for keyword in ("Rows", "Columns"))
    if min(rows, columns) < 1:
        raise DataError("unreadable", f"the header states {rows} x {columns} pixels (rows x columns)")
    return rows, columns


def decode(data: bytes, max_px: int) -> Decoded:
    """Decode a whole file of one image; raise DataError, before decoding, for what would be read wrongly."""
    header = headers.parse(data)
    layout = layout_of(header, len(data))
    check_plane(layout.rows, layout.columns, max_px)
    if layout.frames != 1:
        raise DataError("several frames", f"expected one image in the file, found {layout.frames} frames; split it")
    check_picture(layout.rows, layout.columns, layout.samples, layout.value_bytes)
    with headers.as_data_error():
        (stored,) = pixels.frames(header, layout, io.BytesIO(data))
        values, doubts = _values(stored, header, layout)
        return Decoded(
            values=values,
            palette=_palette(header, layout) if layout.photometric == PALETTE else None,
            lossy=pixels.lossy_name(header),
            doubts=doubts,
            known=Known(window=window_of((header.dataset,)), suv_lacking=ONE_SLICE),
        )


def _values(stored: NDArray[Any], header: Header, layout: Layout) -> tuple[NDArray[Any], tuple[Doubt, ...]]:
    """Return colours and indices as stored, greys as they are meant, in the byte order of this machine."""
    if layout.samples != 1 or layout.photometric == PALETTE:
        return stored.astype(stored.dtype.newbyteorder("="), copy=False), ()
    elements = (header.dataset,)
    inverted = layout.photometric == "MONOCHROME1"
    doubts = (*((INVERTED,) if inverted else ()), *rescale_doubts([elements]))
    if layout.floating:
        if inverted:
            raise DataError("unreadable", "inverted floating-point numbers (MONOCHROME1), which are not read")
        native = stored.dtype.newbyteorder("=")
        return rescaled(stored, rescale_of(elements), native).astype(native), (*doubts, *mapping_doubts([elements]))
    line = table_of(elements) or rescale_of(elements)
    dtype = value_type([line], layout.stored_range)
    return rescaled(stored, line, dtype, layout.stored_range if inverted else None).astype(dtype, copy=False), doubts


def _palette(header: Header, layout: Layout) -> NDArray[np.uint8]:
    """Return the colour of each index that can be stored, Nx3 (PS3.3 C.7.6.3.1.5): of 16 bits, the upper 8."""
    if layout.signed or layout.bits_stored > MAX_PALETTE_BITS:
        raise DataError("unreadable", f"a palette with indices of {layout.bits_stored} bits, or signed ones")
    stated = numbers(header.dataset, "RedPaletteColorLookupTableDescriptor", 3)
    if stated is None or "RedPaletteColorLookupTableData" not in header.dataset:
        raise DataError(
            "unreadable", "PALETTE COLOR without a palette, or with a segmented one, which is not supported"
        )
    count, first = int(stated[0]) or 1 << 16, int(stated[1])
    colours: NDArray[Any] = apply_color_lut(np.arange(first, first + count)[None], header.dataset)[0]
    if colours.shape[1] != 3 or count > np.iinfo(colours.dtype).max + 1:
        raise DataError(
            "unreadable", f"a palette of {count} colours of {colours.dtype}, of {colours.shape[1]} channels"
        )
    if header.syntax == ExplicitVRBigEndian and colours.dtype.itemsize > 1:
        raise DataError("unreadable", "a palette of 16 bits in big-endian order is not supported")
    narrow = colours >> 8 if colours.max(initial=0) > 255 else colours  # some programs fill only the lower 8 bits
    indices = np.arange(1 << layout.bits_stored)
    return np.asarray(narrow[np.clip(indices - first, 0, count - 1)], np.uint8)
