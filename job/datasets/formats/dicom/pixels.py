"""The frames of a DICOM file as stored values, of every transfer syntax that can be decoded (PS3.5 chapter 10)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, BinaryIO

from numpy.typing import NDArray
from pydicom import uid
from pydicom.pixels.decoders import base
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import UID

from job.datasets.formats.dicom import codecs, headers
from job.datasets.formats.dicom.elements import text
from job.datasets.formats.dicom.headers import Header
from job.datasets.formats.dicom.layout import Layout, is_compressed
from job.errors import DataError

PLUG_IN = "imagecodecs"
NATIVE = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian)
LOSSY = {
    uid.JPEGBaseline8Bit: "JPEG",
    uid.JPEGExtended12Bit: "JPEG",
    uid.JPEGLSNearLossless: "near-lossless JPEG-LS",
    uid.JPEG2000: "JPEG 2000",
    uid.HTJ2K: "High-Throughput JPEG 2000",
}
"""The transfer syntaxes that may change values."""


def frames(header: Header, layout: Layout, file: BinaryIO) -> Iterator[NDArray[Any]]:
    """Yield each frame, HxW or HxWx3 RGB, of the stored number type. file: the whole file, open for reading.

    Raise DataError for a transfer syntax that cannot be decoded, damaged frames, and more or fewer of them than stated.
    """
    decoder = decoder_of(header.syntax)
    with headers.as_data_error():
        source = _at_pixels(header, file)
        stated = {"pixel_keyword": header.pixels, "pixel_vr": header.pixels_vr, "number_of_frames": layout.frames}
        options = as_pixel_options(header.dataset, **stated)
        try:
            decoded = decoder.iter_array(source, raw=False, allow_excess_frames=False, **options)
            found = 0
            for values, _ in islice(decoded, layout.frames):
                found += 1
                yield _checked(values, layout)
            more = is_compressed(header.syntax) and next(decoded, None) is not None
        except RuntimeError as error:  # pydicom gathers the errors of its plug-ins in one text
            detail = str(error).partition(f"{PLUG_IN}: ")[2].removeprefix("unreadable: ")
            raise DataError("unreadable", f"{detail or 'damaged'} ({header.syntax.name})") from None
        if more or found != layout.frames:
            there = "more" if more else str(found)
            raise DataError("unreadable", f"NumberOfFrames is {layout.frames}, but there are {there}")


@cache
def decoder_of(syntax: UID) -> base.Decoder:
    """Return a decoder of our own, beside those that other users of pydicom share; DataError if there is none."""
    if syntax not in NATIVE and not codecs.is_available(syntax):
        name = syntax.name if UID(syntax).is_transfer_syntax else "an unknown one"
        raise DataError("unreadable", f"the transfer syntax {name} cannot be decoded; convert it, for example to RLE")
    decoder = base.Decoder(syntax)
    if syntax not in NATIVE:
        decoder.add_plugin(PLUG_IN, (codecs.__name__, codecs.decode_frame.__name__))
    return decoder


def lossy_name(header: Header) -> str:
    """Return the name of a compression that changed values, "" if none did."""
    if name := LOSSY.get(header.syntax):
        return name
    return "an earlier lossy compression" if text(header.dataset, "LossyImageCompression") == "01" else ""


def _at_pixels(header: Header, file: BinaryIO) -> BinaryIO:
    """Return the file at its first pixel: itself if its pixels are not compressed, else in memory, like its frames."""
    if header.deflated:
        data = headers.inflated(file.read(), header.pixels_at + header.pixels_length)
        if len(data) < header.pixels_at + header.pixels_length:
            raise DataError("unreadable", "truncated: the deflated data end before the pixels do")
        file = io.BytesIO(data)
    elif is_compressed(header.syntax):  # in memory, a length that lies cannot ask for more than there is
        file = io.BytesIO(file.read())
    file.seek(header.pixels_at)
    return file


def _checked(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Return the values of a frame; raise DataError if some are beyond BitsStored."""
    if layout.floating:
        return values
    lowest, highest = layout.stored_range
    if values.size and (int(values.min()) < lowest or int(values.max()) > highest):
        found = f"values of {values.min()} to {values.max()}"
        raise DataError("unreadable", f"{found}; BitsStored is {layout.bits_stored}: {lowest} to {highest}")
    return values
