"""Frames in every transfer syntax, by encoders that have no part in the decoding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, uid
from pydicom.encaps import generate_frames

from tests.datasets.formats.dicom.written import compressed, image


def _lossless_jpeg(predictor: int) -> Callable[[NDArray[Any]], bytes]:
    def encode(values: NDArray[Any]) -> bytes:
        bits = 8 * values.dtype.itemsize
        return bytes(imagecodecs.jpeg8_encode(values, lossless=True, bitspersample=bits, predictor=predictor))

    return encode


def rle(values: NDArray[Any]) -> bytes:
    """Encode a frame of whole numbers by pydicom's own encoder."""
    made = image(values)
    made.compress(uid.RLELossless, encoding_plugin="pydicom")
    return next(generate_frames(made.PixelData, number_of_frames=1))


LOSSLESS: dict[str, Callable[[NDArray[Any]], bytes]] = {
    uid.RLELossless: rle,
    uid.JPEGLossless: _lossless_jpeg(6),
    uid.JPEGLosslessSV1: _lossless_jpeg(1),
    uid.JPEGLSLossless: lambda values: bytes(imagecodecs.jpegls_encode(values)),
    uid.JPEGLSNearLossless: lambda values: bytes(imagecodecs.jpegls_encode(values, level=0)),
    uid.JPEG2000Lossless: lambda values: bytes(imagecodecs.jpeg2k_encode(values, reversible=True, codecformat="j2k")),
    uid.JPEG2000: lambda values: bytes(imagecodecs.jpeg2k_encode(values, reversible=True, codecformat="j2k")),
    uid.HTJ2KLossless: lambda values: bytes(imagecodecs.htj2k_encode(values, reversible=True)),
    uid.HTJ2KLosslessRPCL: lambda values: bytes(imagecodecs.htj2k_encode(values, reversible=True)),
    uid.HTJ2K: lambda values: bytes(imagecodecs.htj2k_encode(values, reversible=True)),
}
"""Encoders that keep all values, by transfer syntax."""

UNCOMPRESSED = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)


def in_syntax(frames: NDArray[Any], syntax: str, **elements: Any) -> Dataset:
    """Return a file of several frames, or of one, in a transfer syntax that keeps all values."""
    made = image(frames if len(frames) > 1 else frames[0], frames=len(frames), **elements)
    if syntax in LOSSLESS:
        return compressed(made, syntax, [LOSSLESS[syntax](np.ascontiguousarray(frame)) for frame in frames])
    made.file_meta.TransferSyntaxUID = syntax
    if syntax == uid.ExplicitVRBigEndian:
        made.PixelData = frames.astype(frames.dtype.newbyteorder(">")).tobytes()
        made["PixelData"].VR = "OW" if frames.dtype.itemsize > 1 else "OB"
    return made
