"""The frame header of JPEG data, and files whose end marker is missing: sound if no pixel is missing."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.errors import DataError

END = b"\xff\xd9"
SCAN = 0xDA
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of a frame header
SEQUENTIAL = {0xC0, 0xC1}
STANDALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # not the bytes that stand for 0xFF in a scan, nor its restarts
MOST_SCANS = 100  # libjpeg writes ten, the most elaborate scripts some dozens
FILLERS = [bytes([high << 4 | low]) for high, low in enumerate(reversed(range(16)))]  # each begins differently
FILLER_BYTES = 256


def complete_without_end(data: bytes, decode: Callable[[bytes], NDArray[Any]]) -> bytes | None:
    """Return the file with its end marker, or None if pixels are missing too. decode: returns the pixels of a file.

    A decoder invents the pixels that are missing from the bits that follow. It is given different bits: if the pixels
    stay the same, all of them come from the file. A file of several scans is never complete without its end, because
    whole scans may be missing.
    """
    if data.endswith(END) or not _has_one_scan(data):
        return None
    data = data.removesuffix(END[:1])
    pixels = [decode(data + filler * FILLER_BYTES + END) for filler in FILLERS]
    return data + END if all(np.array_equal(pixels[0], other) for other in pixels[1:]) else None


def check_scans(data: bytes) -> None:
    """Raise DataError for more scans than any camera or program writes: each passes over all pixels, however short."""
    scans, start, kind = 0, 2, 0
    while kind != END[1] and scans <= MOST_SCANS and (marker := MARKER.search(data, start)):
        kind = data[marker.end() - 1]
        scans += kind == SCAN
        start = marker.end() + (
            0 if kind in STANDALONE else int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        )
    if scans > MOST_SCANS:
        raise DataError("unreadable", f"a JPEG of over {MOST_SCANS} scans, which would take minutes; store it anew")


def frame_size(data: bytes) -> tuple[int, int] | None:
    """Return the height and width that the frame header states, or None without one."""
    for marker, start in _headers(data):
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 5)
            return height, width
    return None


def _has_one_scan(data: bytes) -> bool:
    """Return whether the first scan holds all components of the frame, and all their detail."""
    components = -1
    for marker, start in _headers(data):
        if marker in SEQUENTIAL:
            components = data[start + 9]
        elif marker == SCAN:
            return data[start + 4] == components
    return False


def _headers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the marker and the start of each header, as far as that of the first scan."""
    start = 2
    while start + 10 <= len(data) and data[start] == 0xFF:
        marker = data[start + 1]
        if marker == 0xFF:  # any number of these may precede a marker
            start += 1
            continue
        yield marker, start
        if marker == SCAN:
            return
        start += 2 if marker in STANDALONE else 2 + int.from_bytes(data[start + 2 : start + 4], "big")
