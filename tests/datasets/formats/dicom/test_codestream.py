"""What compressed frames state, as their encoders wrote it."""

import struct

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from job.datasets.formats.dicom import codestream
from job.datasets.formats.dicom.codestream import Codestream

GREY = np.zeros((37, 53), np.uint16)
COLOUR = np.zeros((37, 53, 3), np.uint8)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (imagecodecs.jpeg8_encode(GREY, bitspersample=12), Codestream(37, 53, 1, 12)),
        (imagecodecs.jpeg8_encode(GREY, bitspersample=16, lossless=True), Codestream(37, 53, 1, 16)),
        (imagecodecs.jpeg8_encode(COLOUR), Codestream(37, 53, 3, 8)),
        (imagecodecs.jpeg8_encode(COLOUR, colorspace="RGB", outcolorspace="RGB"), Codestream(37, 53, 3, 8, 0)),
        (imagecodecs.jpegls_encode(GREY), Codestream(37, 53, 1, 16)),
        (imagecodecs.jpegls_encode(COLOUR), Codestream(37, 53, 3, 8)),
        (imagecodecs.jpeg2k_encode(GREY, codecformat="j2k"), Codestream(37, 53, 1, 16)),
        (imagecodecs.jpeg2k_encode(GREY, codecformat="jp2"), Codestream(37, 53, 1, 16)),
        (imagecodecs.jpeg2k_encode(GREY.astype(np.int16), codecformat="j2k"), Codestream(37, 53, 1, 16)),
        (imagecodecs.htj2k_encode(COLOUR), Codestream(37, 53, 3, 8)),
    ],
    ids=["jpeg12", "lossless", "jfif", "adobe", "jpegls", "jpegls3", "j2k", "jp2", "j2ksigned", "htj2k"],
)
def test_size_and_bits_are_read(data: bytes, expected: Codestream) -> None:
    assert codestream.read(bytes(data)) == expected
    assert codestream.has_end(bytes(data))
    assert codestream.has_end(bytes(data) + b"\0")
    assert not codestream.has_end(bytes(data)[:-8])


def test_a_codestream_that_hides_in_another_box_does_not_count() -> None:
    """A small one in a box of text, before the one that a decoder reads."""
    jp2 = bytes(imagecodecs.jpeg2k_encode(GREY, codecformat="jp2"))
    small = bytes(imagecodecs.jpeg2k_encode(GREY[:2, :2], codecformat="j2k"))
    box = struct.pack(">I", 8 + len(small)) + b"xml " + small
    assert codestream.read(jp2[:12] + box + jp2[12:]) == Codestream(37, 53, 1, 16)


@given(st.binary(max_size=60), st.sampled_from([b"", codestream.START, codestream.JPEG_2000_START, codestream.JP2]))
def test_noise_states_something_or_nothing(noise: bytes, start: bytes) -> None:
    found = codestream.read(start + noise)
    assert found is None or isinstance(found, Codestream)
