"""How the pixels of a DICOM file are laid out (PS3.3 C.7.6.3), checked against its size before they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydicom.uid import UID

from job.datasets.formats.dicom.elements import number, text, whole_number
from job.datasets.formats.dicom.headers import Header, NoImageError
from job.datasets.sizes import as_text
from job.errors import DataError

UNDEFINED = 0xFFFFFFFF
MAX_FRAMES = 1 << 16
SMALLEST_FRAME = 10  # bytes of a compressed frame: the head of its item, and two more
GREYS = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
SAMPLES = dict.fromkeys((*GREYS, PALETTE), 1) | dict.fromkeys(COLOURS, 3)
PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
FLOATING = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
"""The elements with pixels that are floating-point numbers, and their bits (PS3.3 C.7.6.24, C.7.6.25)."""
OTHERS = {
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation (DICOM-SEG)",
    "1.2.840.10008.5.1.4.1.1.66.7": "a segmentation (label map)",
    PARAMETRIC_MAP: "a parametric map of whole numbers",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose (RTDOSE)",
    "1.2.840.10008.5.1.4.1.1.77.1.6": "a whole-slide image",
}
"""Objects with pixels that are no images, or whose frames are no slices."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The Image Pixel module of a file."""

    frames: int
    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    signed: bool
    floating: bool = False

    @property
    def frame_bits(self) -> int:
        """The bits of an uncompressed frame. Of YBR_FULL_422, two pixels share their colour (PS3.3 C.7.6.3.1.2)."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def value_bytes(self) -> int:
        """The bytes of a value in memory."""
        return max(1, self.bits_allocated // 8)

    @property
    def stored_range(self) -> tuple[int, int]:
        """The lowest and the highest value that can be stored."""
        half = 1 << self.bits_stored - 1
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)


def layout_of(header: Header, size: int) -> Layout:
    """Return the layout of a file of `size` bytes; raise DataError if it is not read, or the file cannot hold it."""
    dataset = header.dataset
    kind, floating = text(dataset, "SOPClassUID"), header.pixels in FLOATING
    if (other := OTHERS.get(kind)) and not (kind == PARAMETRIC_MAP and floating):
        raise NoImageError("unreadable", f"{other}, which is no image")
    if header.pixels != "PixelData" and not floating:
        raise NoImageError("unreadable", f"no PixelData ({header.pixels or 'no pixels'})")
    bits = FLOATING.get(header.pixels, 0)
    layout = Layout(
        frames=whole_number(dataset, "NumberOfFrames", 1) or 1,
        rows=whole_number(dataset, "Rows"),
        columns=whole_number(dataset, "Columns"),
        samples=whole_number(dataset, "SamplesPerPixel", 1),
        photometric=text(dataset, "PhotometricInterpretation"),
        bits_allocated=whole_number(dataset, "BitsAllocated"),
        bits_stored=bits or whole_number(dataset, "BitsStored"),
        signed=whole_number(dataset, "PixelRepresentation", 0) == 1,
        floating=floating,
    )
    if floating and (layout.bits_allocated, layout.samples, is_compressed(header.syntax)) != (bits, 1, False):
        raise DataError("unreadable", f"{header.pixels} of {layout.bits_allocated} bits, of colours, or compressed")
    _check_kind(layout, number(dataset, "HighBit"))
    _check_length(layout, header, size)
    return layout


def _check_kind(layout: Layout, high_bit: float | None) -> None:
    """Raise DataError for kinds of pixels that are not read, with their name."""
    if layout.rows < 1 or layout.columns < 1 or not 1 <= layout.frames <= MAX_FRAMES:
        shape = as_text((layout.frames, layout.rows, layout.columns))
        raise DataError("unreadable", f"{shape} frames, rows and columns; at most {MAX_FRAMES} frames")
    if SAMPLES.get(layout.photometric) != layout.samples:
        name = layout.photometric if layout.photometric.replace("_", "").replace(" ", "").isalnum() else "(none)"
        raise DataError("unreadable", f"{layout.samples} samples for each pixel as {name[:20]}, which is not supported")
    if (
        layout.bits_allocated not in (1, 8, 16, 32, *(FLOATING.values() if layout.floating else ()))
        or not 1 <= layout.bits_stored <= layout.bits_allocated
    ):
        bits = f"BitsAllocated {layout.bits_allocated}, BitsStored {layout.bits_stored}"
        raise DataError("unreadable", f"{bits}; expected 1, 8, 16 or 32, and no more stored")
    if high_bit is not None and high_bit != layout.bits_stored - 1:
        raise DataError("unreadable", f"HighBit {high_bit:g} and BitsStored {layout.bits_stored}; expected one less")
    if layout.samples == 3 and layout.signed:
        raise DataError("unreadable", "colours of signed numbers are not supported")


def _check_length(layout: Layout, header: Header, size: int) -> None:
    """Raise DataError if the file is too short for what it declares, or holds more frames."""
    rest = size - header.pixels_at
    if is_compressed(header.syntax):
        if header.pixels_length != UNDEFINED:
            raise DataError("unreadable", "a compressed transfer syntax, but the pixels are not encapsulated")
        if layout.frames * SMALLEST_FRAME > rest:
            raise _too_short(layout.frames * SMALLEST_FRAME, rest, layout)
        return
    if header.pixels_length == UNDEFINED:
        raise DataError("unreadable", "an uncompressed transfer syntax, but the pixels are encapsulated")
    needed = math.ceil(layout.frames * layout.frame_bits / 8)
    if needed > header.pixels_length or (needed > rest and not header.deflated):
        raise _too_short(needed, header.pixels_length if header.deflated else min(header.pixels_length, rest), layout)
    if header.pixels_length >= needed + max(2, layout.frame_bits / 8):
        detail = f"NumberOfFrames is {layout.frames}, but there are {header.pixels_length} bytes of pixels"
        raise DataError("unreadable", f"{detail}, expected {needed}")


def is_compressed(syntax: UID) -> bool:
    """Return whether a transfer syntax holds its pixels in encapsulated frames. Unknown ones do (PS3.5 A.4)."""
    known = UID(syntax)
    return bool(known.is_encapsulated) if known.is_transfer_syntax else True


def _too_short(needed: int, found: int, layout: Layout) -> DataError:
    shape = as_text((layout.frames, layout.rows, layout.columns))
    detail = f"truncated: {shape} pixels (frames x rows x columns) need at least {needed} bytes, {found} are there"
    return DataError("unreadable", detail)
