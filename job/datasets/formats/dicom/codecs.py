"""imagecodecs as a plug-in of pydicom's decoders: RLE, JPEG, JPEG-LS, JPEG 2000 and HTJ2K.

The names `is_available` and `DECODER_DEPENDENCIES` are those that pydicom asks a plug-in for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.pixels.decoders.base import DecodeRunner

from job.datasets.formats import jpeg
from job.datasets.formats.dicom import codestream
from job.datasets.formats.dicom.codestream import Codestream
from job.errors import DataError

RLE_HEADER = 64
RLE_SPARE = 128  # bytes, as many as one run may hold
YCBCR = 1  # Adobe's code


def _rle(data: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """Decode segments (PS3.5 annex G), one for each byte of a number, the highest first: colours as planes."""
    pixels, each = runner.rows * runner.columns, runner.bits_allocated // 8
    count = runner.samples_per_pixel * each
    stated, *starts = struct.unpack_from("<16L", data.ljust(RLE_HEADER))
    if stated != count or len(data) < RLE_HEADER:
        raise DataError("unreadable", f"damaged: an RLE frame of {stated} segments, expected {count}")
    planes = np.empty((runner.samples_per_pixel, pixels, each), np.uint8)
    for number, (start, end) in enumerate(pairwise([*starts[:count], len(data)])):
        planes[number // each, :, each - 1 - number % each] = _segment(data[start:end], pixels)
    runner.set_option("planar_configuration", 1)
    return planes.view(f"<u{each}")


def _segment(data: bytes, length: int) -> NDArray[np.uint8]:
    """Decode one segment of RLE to `length` bytes. Some programs add a few bytes."""
    decoded = imagecodecs.packbits_decode(data, out=bytearray(length + RLE_SPARE))
    if len(decoded) < length:
        raise DataError("unreadable", f"truncated: a segment of RLE holds {len(decoded)} of {length} bytes")
    return np.frombuffer(decoded, np.uint8, length)


def _jpeg(data: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """Decode JPEG of 2 to 16 bits, lossy or lossless. Colours stay what the file stores."""
    stated = _checked(data, runner)
    jpeg.check_scans(data)
    if stated.samples == 1:
        return np.asarray(imagecodecs.jpeg8_decode(data))
    if stated.adobe_transform is not None:
        runner.set_option("photometric_interpretation", "YBR_FULL" if stated.adobe_transform == YCBCR else "RGB")
    return np.asarray(imagecodecs.jpeg8_decode(data, colorspace="YCBCR", outcolorspace="YCBCR"))


def _jpeg_ls(data: bytes, runner: DecodeRunner) -> NDArray[Any]:
    _checked(data, runner)
    return np.asarray(imagecodecs.jpegls_decode(data))


def _jpeg_2000(data: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """Decode JPEG 2000 and HTJ2K by OpenJPEG, which undoes the colour transform that YBR_ICT and YBR_RCT name."""
    _checked(data, runner)
    if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
        runner.set_option("photometric_interpretation", "RGB")
    return np.asarray(imagecodecs.jpeg2k_decode(data, numthreads=1))


def _checked(data: bytes, runner: DecodeRunner) -> Codestream:
    """Return what the frame states; raise DataError, before it is decoded, if the file's header states otherwise."""
    stated = codestream.read(data)
    if stated is None:
        raise DataError("unreadable", "damaged: the header of a compressed frame cannot be read")
    expected = (runner.rows, runner.columns, runner.samples_per_pixel)
    found = (stated.rows, stated.columns, stated.samples)
    if found != expected or stated.bits > runner.bits_allocated:
        sizes = " x ".join(map(str, found)), " x ".join(map(str, expected))
        detail = f"a compressed frame of {sizes[0]} (rows x columns x samples) and {stated.bits} bits"
        raise DataError("unreadable", f"{detail}; the header states {sizes[1]} and {runner.bits_allocated} bits")
    if not codestream.has_end(data):
        raise DataError("unreadable", "truncated: a compressed frame without its end")
    return stated


DECODERS: dict[str, Callable[[bytes, DecodeRunner], NDArray[Any]]] = {
    uid.RLELossless: _rle,
    uid.JPEGBaseline8Bit: _jpeg,
    uid.JPEGExtended12Bit: _jpeg,
    uid.JPEGLossless: _jpeg,
    uid.JPEGLosslessSV1: _jpeg,
    uid.JPEGLSLossless: _jpeg_ls,
    uid.JPEGLSNearLossless: _jpeg_ls,
    uid.JPEG2000Lossless: _jpeg_2000,
    uid.JPEG2000: _jpeg_2000,
    uid.HTJ2KLossless: _jpeg_2000,
    uid.HTJ2KLosslessRPCL: _jpeg_2000,
    uid.HTJ2K: _jpeg_2000,
}
DECODER_DEPENDENCIES = dict.fromkeys(DECODERS, ("imagecodecs",))


def is_available(syntax: str) -> bool:
    """Return whether a transfer syntax can be decoded."""
    return syntax in DECODERS


def decode_frame(data: bytes, runner: DecodeRunner) -> bytearray:
    """Decode a frame and return its pixels, without padding, in the type that `runner` then states."""
    values = DECODERS[runner.transfer_syntax](data, runner)
    if values.dtype.itemsize * 8 > runner.bits_allocated:
        detail = f"a compressed frame holds {values.dtype}, but BitsAllocated is {runner.bits_allocated}"
        raise DataError("unreadable", detail)
    runner.set_option("bits_allocated", values.dtype.itemsize * 8)
    return bytearray(np.ascontiguousarray(values))  # pydicom corrects it in place
