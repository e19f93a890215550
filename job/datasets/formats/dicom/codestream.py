"""What the header of a compressed frame states: JPEG, JPEG-LS and JPEG 2000. Nothing is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass

START = b"\xff\xd8"
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # ISO/IEC 10918-1 table B.1
JPEG_LS_FRAME = 0xF7  # ISO/IEC 14495-1 C.1.1
STANDALONE = {0x01, *range(0xD0, 0xD9)}
SCAN = 0xDA
ADOBE = 0xEE
JPEG_2000_START = b"\xff\x4f\xff\x51"  # SOC and SIZ, which always follow one another (ISO/IEC 15444-1 A.5.1)
JP2 = b"\x00\x00\x00\x0cjP  "
END = b"\xff\xd9"  # of all of them
PADDING = 2  # bytes that may follow the end, besides zeros: pairs are completed with whatever was there


@dataclass(frozen=True)
class Codestream:
    """The size that a compressed frame states. adobe_transform: 1 for YCbCr colours, 0 for others, None if unsaid."""

    rows: int
    columns: int
    samples: int
    bits: int
    adobe_transform: int | None = None


def read(data: bytes) -> Codestream | None:
    """Return what the header of a frame states, None if it is none of the three or damaged."""
    try:
        return _jpeg(data) if data.startswith(START) else _jpeg_2000(data)
    except (struct.error, IndexError):
        return None


def has_end(data: bytes) -> bool:
    """Return whether a frame ends with the marker of its end, but for padding."""
    return END in data.rstrip(b"\0")[-len(END) - PADDING :] or data.rstrip(b"\0").endswith(END)


def _jpeg(data: bytes) -> Codestream | None:
    start, transform = 2, None
    while data[start] == 0xFF:
        marker = data[start + 1]
        if marker == 0xFF:  # any number of these may precede a marker
            start += 1
            continue
        if marker in JPEG_FRAMES or marker == JPEG_LS_FRAME:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", data, start + 4)
            return Codestream(rows, columns, samples, bits, transform)
        if marker == SCAN:
            return None
        length = 0 if marker in STANDALONE else struct.unpack_from(">H", data, start + 2)[0]
        if marker == ADOBE and data[start + 4 : start + 9] == b"Adobe" and length >= 14:
            transform = data[start + 15]
        start += 2 + length
    return None


def _jpeg_2000(data: bytes) -> Codestream | None:
    start = _box(data, b"jp2c") if data.startswith(JP2) else 0
    if start is None or not data.startswith(JPEG_2000_START, start):
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    samples, bits = struct.unpack_from(">HB", data, start + 40)
    if any(struct.unpack_from(">BBB", data, start + 42 + 3 * each)[1:] != (1, 1) for each in range(samples)):
        return None  # components of different sizes
    return Codestream(bottom - top, right - left, samples, (bits & 0x7F) + 1)


def _box(data: bytes, name: bytes) -> int | None:
    """Return where the content of a JP2 box begins (ISO/IEC 15444-1 I.4), None without one."""
    start = 0
    while data[start + 4 : start + 8] != name:
        length = int(struct.unpack_from(">I", data, start)[0])
        if length < 8:  # the last box, or one of over 4 gigabytes
            return None
        start += length
    return start + 8
