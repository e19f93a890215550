"""What a DICOM file states before its pixels. Of the data set, only the elements in `KEPT` are kept."""

from __future__ import annotations

import io
import logging
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.filereader import read_partial
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from job import storage
from job.datasets.formats import kinds
from job.datasets.formats.kinds import DICOM, DICOM_AT
from job.errors import DataError
from job.storage import FileInfo, damage_named

HEADS = (1 << 16, 1 << 20, 1 << 24, 1 << 26)
"""Bytes to read until a header is whole. The frames of a multi-frame file may be described in megabytes."""
MAX_HEADER = HEADS[-1]
META_LENGTH_AT = DICOM_AT + len(DICOM) + 8  # PS3.10 7.1: the first element states the length of the others
DEFLATED = b"1.2.840.10008.1.2.1.99"
NATIVE = b"1.2.840.10008.1.2.1".ljust(len(DEFLATED), b"\0")
PIXEL_DATA = 0x7FE00010
LAST_OF_IMAGE = 0x0028FFFF
"""The last tag that describes the image as a whole. Functional groups, which may be long, follow it."""
PIXEL_TAGS = {PIXEL_DATA: "PixelData", 0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData"}

KEPT = """
    SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID Modality SeriesInstanceUID SeriesNumber SeriesDescription
    FrameOfReferenceUID ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness SpacingBetweenSlices
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns BitsAllocated BitsStored
    HighBit PixelRepresentation RescaleSlope RescaleIntercept ModalityLUTSequence WindowCenter WindowWidth
    LossyImageCompression SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence ExtendedOffsetTable
    ExtendedOffsetTableLengths RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor
    BluePaletteColorLookupTableDescriptor RedPaletteColorLookupTableData GreenPaletteColorLookupTableData
    BluePaletteColorLookupTableData
    AcquisitionDate AcquisitionTime AcquisitionDateTime AcquisitionNumber TemporalPositionIdentifier
    TemporalPositionIndex TriggerTime EchoTime EchoNumbers InversionTime RepetitionTime FlipAngle DiffusionBValue
    DiffusionGradientOrientation ContentTime InstanceNumber
    Units SUVType DecayCorrection CorrectedImage PatientWeight SeriesDate SeriesTime
    RadiopharmaceuticalInformationSequence
"""
PHILIPS = (0x70530010, 0x70531000, 0x70531009)  # the private creator, the factors of SUV and of activity
TAGS: list[Any] = [*(tag_for_keyword(keyword) for keyword in KEPT.split()), *PHILIPS]

# pydicom reports odd values on stderr, with the values. What makes a file unreadable raises an error.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
warnings.filterwarnings("ignore", category=UserWarning, module="pydicom")


class NoImageError(DataError):
    """A file is no DICOM image: another file, or a DICOM object that has no pixels. Not one that is cut off."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Header:
    """The elements of a file before its pixels.

    syntax: the transfer syntax. A deflated file counts as the uncompressed one that it holds. pixels: the keyword of
    the element with the pixels, "" if it was not reached. pixels_vr: its value representation. pixels_at: the offset
    of their first byte. pixels_length: as the file states it, 0xFFFFFFFF for compressed pixels. deflated: whether
    offsets are those of the inflated file.
    """

    dataset: Dataset
    syntax: UID
    pixels: str
    pixels_vr: str
    pixels_at: int
    pixels_length: int
    deflated: bool


def read(file: FileInfo) -> Header:
    """Read the header of a local or remote file; raise NoImageError if it has no pixels."""
    for length in HEADS:
        head = storage.read_head(file.address, length)
        if not kinds.is_dicom(head):
            raise NoImageError("unreadable", kinds.foreign_name(head) or "not a DICOM file")
        header = parse(head, whole=len(head) < length)
        if header.pixels:
            return header
        if len(head) < length:
            raise _without_pixels(header)
    raise DataError("unreadable", f"the header has over {MAX_HEADER} bytes")


def _without_pixels(header: Header) -> DataError:
    """Return the error of a whole file without pixels. One that states that it is an image has lost them."""
    meta = getattr(header.dataset, "file_meta", None) or {}
    kind = UID(str(header.dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or ""))
    if "Image Storage" in kind.name or "Rows" in header.dataset:
        return DataError("unreadable", "truncated: the file of an image ends before its pixels")
    return NoImageError("unreadable", "a DICOM file without pixels")


def parse(data: bytes, *, whole: bool = True, last: int = PIXEL_DATA) -> Header:
    """Return the header of the first bytes of a file, as far as the tag `last`.

    whole: whether these are all, so that damage is an error. Of a part that ends before `last`, nothing is known.
    """
    with as_data_error():
        if not is_deflated(data):
            return _parse(data, last, whole=whole, deflated=False)
        for length in HEADS:  # no more is inflated than needed, because deflated data may be a thousand times as long
            plain = inflated(data, length)
            header = _parse(plain, last, whole=whole and len(plain) < length, deflated=True)
            if header.dataset or len(plain) < length:
                break
        return header


def _parse(data: bytes, last: int, *, whole: bool, deflated: bool) -> Header:
    stream = io.BytesIO(data)
    found: list[Any] = []

    def stop(tag: int, vr: str | None, length: int) -> bool:
        if tag in PIXEL_TAGS:
            found[:] = [PIXEL_TAGS[tag], vr or "OW", stream.tell(), length]
        return tag in PIXEL_TAGS or tag > last

    try:
        dataset: Dataset = read_partial(stream, stop, force=True, specific_tags=TAGS)
        syntax = _syntax(dataset)
    except Exception:
        if whole:
            raise
        dataset, syntax, found = Dataset(), UID(""), []  # of a part of a file, whose end may lie anywhere
    pixels, vr, at, length = found or ("", "", -1, 0)
    return Header(
        dataset=dataset,
        syntax=syntax,
        pixels=pixels,
        pixels_vr=vr,
        pixels_at=at,
        pixels_length=length,
        deflated=deflated,
    )


def is_deflated(data: bytes) -> bool:
    """Return whether the data set of a file is deflated (PS3.5 A.5)."""
    return data[DICOM_AT:].startswith(DICOM) and DEFLATED in data[: _meta_end(data)]


def inflated(data: bytes, most: int) -> bytes:
    """Return a deflated file as the uncompressed one that it holds, as far as `most` bytes of it."""
    end = _meta_end(data)
    meta = data[:end].replace(DEFLATED, NATIVE)
    return meta + zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[end:], max(1, most - len(meta)))


def _meta_end(data: bytes) -> int:
    length = int.from_bytes(data[META_LENGTH_AT : META_LENGTH_AT + 4], "little")
    return min(META_LENGTH_AT + 4 + length, MAX_HEADER)


def _syntax(dataset: Dataset) -> UID:
    """Return the transfer syntax; of a file without one, that in which it was found to be readable."""
    meta = getattr(dataset, "file_meta", None) or {}
    if syntax := meta.get("TransferSyntaxUID"):
        return UID(str(syntax))
    is_implicit, is_little_endian = dataset.original_encoding
    if not is_little_endian:
        raise DataError("unreadable", "the file states no transfer syntax")
    return ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian


@contextmanager
def as_data_error(address: str = "") -> Iterator[None]:
    """Turn whatever pydicom or a decoder raises for a damaged file into a DataError, without the values it quotes.

    address: of the file that is opened in this context.
    """
    with damage_named(address, _damaged):
        yield


def _damaged(error: Exception) -> str:
    if isinstance(error, zlib.error):
        return "truncated or damaged: its deflated data cannot be inflated"
    return f"damaged: its elements cannot be read ({type(error).__name__})"
