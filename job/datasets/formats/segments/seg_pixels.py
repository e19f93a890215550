"""The pixels of DICOM Segmentation objects, a frame at a time (PS3.3 C.8.20.2, PS3.5 section 8.1.1)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from job.datasets.formats.segments.dicom_file import needed
from job.errors import DataError

BINARY, FRACTIONAL, LABELMAP = "BINARY", "FRACTIONAL", "LABELMAP"
BITS = {BINARY: (1,), FRACTIONAL: (8,), LABELMAP: (8, 16)}
"""The bits of a pixel, by kind of segmentation."""
UNCOMPRESSED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)


def check_pixels(dataset: Dataset) -> None:
    """Raise DataError for a kind of segmentation that is not read, or with fewer or more pixels than it states."""
    kind, syntax = str(needed(dataset, "SegmentationType")), dataset.file_meta.TransferSyntaxUID
    if kind not in BITS:
        raise DataError("unreadable", f"expected a BINARY, FRACTIONAL or LABELMAP segmentation, found {kind[:80]!r}")
    bits, samples = needed(dataset, "BitsAllocated"), dataset.get("SamplesPerPixel", 1)
    if bits not in BITS[kind] or samples != 1:
        raise DataError("unreadable", f"a {kind} segmentation of {samples} values of {bits} bits for each pixel")
    if syntax == RLELossless and kind != BINARY:
        return  # pydicom checks the size of each frame
    if syntax not in UNCOMPRESSED:
        raise DataError("unreadable", f"{kind} segments in the transfer syntax {syntax.name[:80]}; store uncompressed")
    expected = math.ceil(math.prod(int(n) for n in (dataset.NumberOfFrames, *_size(dataset), bits)) / 8)
    found = len(needed(dataset, "PixelData"))
    if found != expected + expected % 2:
        raise DataError("unreadable", f"truncated or damaged: {expected} bytes of pixels are stated, {found} stored")


def pixels(dataset: Dataset, indices: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Yield frames by their indices: (rows, columns), the stored values."""
    if dataset.SegmentationType == BINARY:
        yield from (_unpacked(dataset, index) for index in indices)
    elif indices:
        yield from iter_pixels(dataset, indices=indices, raw=True)


def _unpacked(dataset: Dataset, index: int) -> NDArray[np.uint8]:
    """Return a frame of one bit a pixel, the lowest bit of a byte first. It need not begin with a byte.

    pydicom 3.0 fails on frames that do not.
    """
    rows, columns = _size(dataset)
    start, within = divmod(index * rows * columns, 8)
    end = math.ceil((index + 1) * rows * columns / 8)
    bits = np.unpackbits(np.frombuffer(dataset.PixelData[start:end], np.uint8), bitorder="little")
    return bits[within : within + rows * columns].reshape(rows, columns)


def _size(dataset: Dataset) -> tuple[int, int]:
    return int(needed(dataset, "Rows")), int(needed(dataset, "Columns"))
