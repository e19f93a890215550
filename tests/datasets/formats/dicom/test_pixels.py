"""Frames of every transfer syntax: decoded to the values that were written, or refused, never more than was stated."""

import io
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom import Dataset, uid
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels import get_decoder

from job.datasets.formats.dicom import headers, pixels
from job.datasets.formats.dicom.layout import layout_of
from job.errors import DataError
from tests.datasets.formats.dicom.encoded import LOSSLESS, UNCOMPRESSED, in_syntax, rle
from tests.datasets.formats.dicom.written import SECRET, as_bytes, compressed, image

GREYS = np.random.default_rng(0).integers(0, 4096, (3, 37, 53)).astype(np.uint16)
COLOURS = np.random.default_rng(1).integers(0, 256, (2, 16, 18, 3)).astype(np.uint8)
SYNTAXES = [*UNCOMPRESSED, *LOSSLESS]


def _frames(data: bytes) -> list[NDArray[Any]]:
    header = headers.parse(data)
    return list(pixels.frames(header, layout_of(header, len(data)), io.BytesIO(data)))


def _refused(data: bytes) -> str:
    with pytest.raises(DataError) as caught:
        _frames(data)
    assert SECRET not in str(caught.value)
    return caught.value.detail


@contextmanager
def _at_most(size: int) -> Iterator[None]:
    """Fail if more than `size` bytes are held at any time inside the block."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda each: uid.UID(each).keyword)
@pytest.mark.parametrize("bits", [8, 16])
def test_frames_of_every_syntax_keep_their_values(syntax: str, bits: int) -> None:
    frames = GREYS if bits == 16 else (GREYS >> 4).astype(np.uint8)
    found = _frames(as_bytes(in_syntax(frames, syntax)))
    assert np.array_equal(found, frames)
    assert found[0].dtype.itemsize * 8 == bits


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda each: uid.UID(each).keyword)
def test_colours_of_every_syntax_keep_their_values(syntax: str) -> None:
    assert np.array_equal(_frames(as_bytes(in_syntax(COLOURS, syntax))), COLOURS)


SIGNED = [*UNCOMPRESSED, uid.RLELossless, uid.JPEG2000Lossless, uid.HTJ2KLossless]


@pytest.mark.parametrize("syntax", SIGNED, ids=lambda each: uid.UID(each).keyword)
def test_signed_values_keep_their_sign(syntax: str) -> None:
    frames = GREYS.astype(np.int16) - 2048
    assert np.array_equal(_frames(as_bytes(in_syntax(frames, syntax, BitsStored=12))), frames)


@pytest.mark.parametrize("syntax", [uid.JPEGLSLossless, uid.JPEGLosslessSV1, uid.JPEG2000Lossless])
def test_signed_values_in_a_codec_of_unsigned_ones_keep_their_sign(syntax: str) -> None:
    """JPEG and JPEG-LS hold bit patterns, whose sign the header states; so do some JPEG 2000 files."""
    frames = GREYS.astype(np.int16) * 7 - 16000
    made = in_syntax(frames.view(np.uint16), syntax, PixelRepresentation=1)
    assert np.array_equal(_frames(as_bytes(made)), frames)


@pytest.mark.parametrize("syntax", [*UNCOMPRESSED[:3], *LOSSLESS], ids=lambda each: uid.UID(each).keyword)
def test_simpleitk_reads_the_same(tmp_path: Path, syntax: str) -> None:
    """GDCM has decoders of its own; High-Throughput JPEG 2000 it does not know."""
    data = as_bytes(in_syntax(GREYS[:1], syntax))
    (tmp_path / "a.dcm").write_bytes(data)
    try:
        theirs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "a.dcm")))
    except RuntimeError:
        assert "HTJ2K" in uid.UID(syntax).keyword
        return
    assert np.array_equal(theirs.reshape(GREYS[0].shape), _frames(data)[0])


@pytest.mark.parametrize(("bits", "syntax"), [(8, uid.JPEGBaseline8Bit), (12, uid.JPEGExtended12Bit)])
def test_lossy_jpeg_is_close(bits: int, syntax: str) -> None:
    rows, columns = np.indices((40, 50))
    smooth = ((rows + columns) * (2**bits - 1) / 88).astype(np.uint8 if bits == 8 else np.uint16)
    encoded = bytes(imagecodecs.jpeg8_encode(smooth, level=98, bitspersample=bits))
    data = as_bytes(compressed(image(smooth, BitsStored=bits), syntax, [encoded]))
    assert np.abs(_frames(data)[0].astype(int) - smooth).max() <= 2 ** (bits - 7)


def _jpeg_colours(**options: Any) -> tuple[NDArray[Any], bytes]:
    block = np.kron(np.random.default_rng(2).integers(0, 256, (3, 4, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    return block, bytes(imagecodecs.jpeg8_encode(block, level=99, **options))


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422", "RGB"])
def test_jpeg_of_ycbcr_becomes_rgb(photometric: str) -> None:
    """The JFIF marker states YCbCr, whatever the header says."""
    block, encoded = _jpeg_colours(subsampling="444")
    made = compressed(image(block, PhotometricInterpretation=photometric), uid.JPEGBaseline8Bit, [encoded])
    assert np.abs(_frames(as_bytes(made))[0].astype(int) - block).max() <= 6


def test_jpeg_of_rgb_stays_rgb() -> None:
    """Adobe's marker states that there was no transform."""
    block, encoded = _jpeg_colours(colorspace="RGB", outcolorspace="RGB", subsampling="444")
    for photometric in ("RGB", "YBR_FULL"):
        made = compressed(image(block, PhotometricInterpretation=photometric), uid.JPEGBaseline8Bit, [encoded])
        assert np.abs(_frames(as_bytes(made))[0].astype(int) - block).max() <= 6


@pytest.mark.parametrize("photometric", ["YBR_RCT", "RGB"])
def test_the_colour_transform_of_jpeg_2000_is_undone_once(photometric: str) -> None:
    made = in_syntax(COLOURS, uid.JPEG2000Lossless, PhotometricInterpretation=photometric)
    assert np.array_equal(_frames(as_bytes(made)), COLOURS)


def test_ybr_full_422_shares_colours_between_two_pixels() -> None:
    """Y Y Cb Cr for two pixels (PS3.3 C.7.6.3.1.2): of no colour, Cb and Cr are 128."""
    made = image(np.zeros((1, 2, 3), np.uint8), PhotometricInterpretation="YBR_FULL_422")
    made.PixelData = bytes([10, 200, 128, 128])
    assert _frames(as_bytes(made))[0].tolist() == [[[10] * 3, [200] * 3]]


def test_colours_may_be_stored_as_planes() -> None:
    made = image(COLOURS[0], PlanarConfiguration=1)
    made.PixelData = COLOURS[0].transpose(2, 0, 1).tobytes()
    assert np.array_equal(_frames(as_bytes(made))[0], COLOURS[0])


def test_bits_above_those_stored_are_no_part_of_a_value() -> None:
    """Old files keep overlays there."""
    made = image(GREYS[0] | 0xF000, BitsStored=12)
    assert np.array_equal(_frames(as_bytes(made))[0], GREYS[0])


def test_bytes_of_big_endian_words_are_swapped_back() -> None:
    made = in_syntax((GREYS >> 4).astype(np.uint8), uid.ExplicitVRBigEndian)
    made["PixelData"].VR = "OW"
    data = (GREYS >> 4).astype(np.uint8).tobytes() + b"\0"
    made.PixelData = np.frombuffer(data, "<u2").astype(">u2").tobytes()
    made["PixelData"].VR = "OW"
    assert np.array_equal(_frames(as_bytes(made)), GREYS >> 4)


def test_single_bits_are_unpacked() -> None:
    """Bits are counted from the lowest, and frames follow without a gap."""
    made = image(np.zeros((2, 3, 3), np.uint8), frames=2, BitsAllocated=1, BitsStored=1)
    made.PixelData = bytes([0b00000001, 0b00000110, 0b00000010, 0])
    expected = [[1, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0, 1]]
    assert np.reshape(_frames(as_bytes(made)), (2, 9)).tolist() == expected


@pytest.mark.parametrize("has_offsets", [True, False])
def test_frames_may_be_in_pieces(has_offsets: bool) -> None:
    """With a table of their offsets, or each known by the marker of its end."""
    encoded = [LOSSLESS[uid.JPEGLSLossless](frame) for frame in GREYS]
    made = compressed(image(GREYS, frames=3), uid.JPEGLSLossless, encoded)
    made.PixelData = encapsulate(encoded, fragments_per_frame=3, has_bot=has_offsets)
    assert np.array_equal(_frames(as_bytes(made)), GREYS)


def test_frames_may_have_an_extended_table_of_offsets() -> None:
    encoded = [rle(frame) for frame in GREYS]
    made = compressed(image(GREYS, frames=3), uid.RLELossless, encoded)
    made.PixelData, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = encapsulate_extended(encoded)
    assert np.array_equal(_frames(as_bytes(made)), GREYS)


@pytest.mark.parametrize("syntax", UNCOMPRESSED, ids=lambda each: uid.UID(each).keyword)
def test_values_of_32_bits_keep_their_values(syntax: str) -> None:
    frames = GREYS.astype(np.uint32) << 20
    assert np.array_equal(_frames(as_bytes(in_syntax(frames, syntax))), frames)


def test_pydicoms_own_decoders_stay_as_they_are() -> None:
    """The plug-in belongs to decoders of this program, not to those that all users of pydicom share."""
    for syntax in LOSSLESS:
        pixels.decoder_of(uid.UID(syntax))
        assert "imagecodecs" not in get_decoder(syntax).available_plugins


@pytest.mark.parametrize("syntax", [uid.MPEG2MPML, uid.UID("1.2.840.10008.1.2.4.94")])
def test_a_syntax_that_cannot_be_decoded_is_named(syntax: uid.UID) -> None:
    assert syntax.name in _refused(as_bytes(compressed(image(GREYS[0]), syntax, [b"1234567890"])))


def test_a_syntax_that_nobody_knows_is_refused() -> None:
    data = as_bytes(compressed(image(GREYS[0]), uid.MPEG2MPML, [b"1234567890"]))
    assert "an unknown one" in _refused(data.replace(uid.MPEG2MPML.encode(), b"1.2.840.99999.1.2.4.100"))


CODECS = [syntax for syntax in LOSSLESS if syntax != uid.RLELossless]


@pytest.mark.parametrize("syntax", CODECS, ids=lambda each: uid.UID(each).keyword)
def test_a_frame_that_states_another_size_is_refused_before_it_is_decoded(syntax: str) -> None:
    """A small image in the header, a huge one in the frame."""
    bomb = LOSSLESS[syntax](np.zeros((6000, 6000), np.uint8))
    data = as_bytes(compressed(image(np.zeros((4, 4), np.uint8)), syntax, [bomb]))
    with _at_most(4 * len(data) + 2_000_000):
        assert "a compressed frame of 6000 x 6000 x 1" in _refused(data)


@pytest.mark.parametrize("syntax", CODECS, ids=lambda each: uid.UID(each).keyword)
def test_a_truncated_frame_is_refused(syntax: str) -> None:
    encoded = LOSSLESS[syntax](GREYS[0])
    data = as_bytes(compressed(image(GREYS[0]), syntax, [encoded[: len(encoded) // 2]]))
    assert "truncated" in _refused(data)


@pytest.mark.parametrize("syntax", CODECS, ids=lambda each: uid.UID(each).keyword)
def test_a_frame_of_noise_is_refused(syntax: str) -> None:
    assert "header of a compressed frame" in _refused(as_bytes(compressed(image(GREYS[0]), syntax, [bytes(200)])))


@pytest.mark.parametrize("number", [2, 4])
@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEGLSLossless, uid.JPEGLosslessSV1])
def test_more_or_fewer_frames_than_stated_are_refused(number: int, syntax: str) -> None:
    made = in_syntax(GREYS, syntax)
    made.NumberOfFrames = number
    assert _refused(as_bytes(made))


def _rle_frame(*segments: bytes) -> bytes:
    starts = np.cumsum([64, *map(len, segments)])[:-1]
    return struct.pack("<16L", len(segments), *starts, *[0] * (15 - len(segments))) + b"".join(segments)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (_rle_frame(b"\x81\x05" * 7), "holds 896 of 1024"),
        (_rle_frame(b"\x81\x05" * 100_000), "RLE"),
        (_rle_frame(b"\x81\x05" * 8, b"\x81\x05" * 8), "2 segments, expected 1"),
        (_rle_frame(b"\x7f\x05"), "RLE"),
        (b"\1\0\0\0", "segments"),
        (struct.pack("<16L", 1, 1 << 30, *[0] * 14), "0 of 1024"),
        (struct.pack("<16L", 1, *[64] * 15), "0 of 1024"),
    ],
)
def test_rle_that_lies_is_refused(frame: bytes, words: str) -> None:
    data = as_bytes(compressed(image(np.zeros((32, 32), np.uint8)), uid.RLELossless, [frame]))
    assert words in _refused(data)


def test_rle_of_an_odd_length_is_padded() -> None:
    values = np.arange(9, dtype=np.uint8).reshape(3, 3)
    assert np.array_equal(_frames(as_bytes(compressed(image(values), uid.RLELossless, [rle(values)])))[0], values)


def _deflated(made: Dataset, tail: bytes = b"") -> bytes:
    """Return a deflated file. tail: bytes that are deflated behind the data set."""
    plain = as_bytes(made)
    end = 144 + int.from_bytes(plain[140:144], "little")
    packer = zlib.compressobj(9, wbits=-15)
    made.file_meta.TransferSyntaxUID = uid.DeflatedExplicitVRLittleEndian
    deflated_meta = as_bytes(made)
    meta_end = 144 + int.from_bytes(deflated_meta[140:144], "little")
    return deflated_meta[:meta_end] + packer.compress(plain[end:] + tail) + packer.flush()


def test_a_deflated_file_is_inflated_as_far_as_it_states() -> None:
    """100 MB of zeros behind the pixels of a small image."""
    data = _deflated(image(GREYS[0]), bytes(100_000_000))
    with _at_most(3_000_000):
        assert np.array_equal(_frames(data)[0], GREYS[0])


def test_a_deflated_file_that_ends_early_is_refused() -> None:
    assert "deflated" in _refused(_deflated(image(GREYS[0]))[:-1000])


def test_values_beyond_those_stored_are_refused() -> None:
    """A frame of 16 bits where the header states 8 stored."""
    made = compressed(image(GREYS[0], BitsStored=8), uid.JPEG2000Lossless, [LOSSLESS[uid.JPEG2000Lossless](GREYS[0])])
    assert "BitsStored is 8: 0 to 255" in _refused(as_bytes(made))


def test_a_frame_of_more_bits_than_allocated_is_refused() -> None:
    made = compressed(image(GREYS[0].astype(np.uint8)), uid.JPEGLSLossless, [LOSSLESS[uid.JPEGLSLossless](GREYS[0])])
    assert "16 bits; the header states 37 x 53 x 1 and 8 bits" in _refused(as_bytes(made))


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"Rows": 38}, "truncated"),
        ({"Rows": 0}, "0 x 53 frames, rows and columns"),
        ({"Columns": 26}, "expected 1924"),
        ({"NumberOfFrames": 2}, "truncated"),
        ({"NumberOfFrames": 70000}, "at most 65536 frames"),
        ({"NumberOfFrames": -1}, "frames"),
        ({"SamplesPerPixel": 2}, "2 samples for each pixel as MONOCHROME2"),
        ({"SamplesPerPixel": 3}, "3 samples for each pixel as MONOCHROME2"),
        ({"PhotometricInterpretation": "CMYK"}, "CMYK"),
        ({"PhotometricInterpretation": ""}, "(none)"),
        ({"PhotometricInterpretation": "\u001b[31m"}, "(none)"),
        ({"BitsAllocated": 12, "BitsStored": 12}, "BitsAllocated 12"),
        ({"BitsAllocated": 64, "BitsStored": 64}, "BitsAllocated 64"),
        ({"BitsAllocated": 32}, "truncated"),
        ({"BitsStored": 0, "HighBit": 0}, "BitsStored 0"),
        ({"BitsAllocated": None}, "BitsAllocated is missing"),
        ({"PixelData": None}, "no PixelData"),
        ({"SOPClassUID": uid.SegmentationStorage}, "DICOM-SEG"),
        ({"SOPClassUID": uid.RTDoseStorage}, "RTDOSE"),
    ],
)
def test_lies_and_gaps_in_the_header_are_refused(elements: dict[str, Any], words: str) -> None:
    assert words in _refused(as_bytes(image(GREYS[0], **elements)))


def test_a_compressed_syntax_with_uncompressed_pixels_is_refused() -> None:
    data = as_bytes(image(GREYS[0]))
    lying = data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    assert "not encapsulated" in _refused(lying)


def test_an_uncompressed_syntax_with_encapsulated_pixels_is_refused() -> None:
    data = as_bytes(compressed(image(GREYS[0]), uid.RLELossless, [rle(GREYS[0])]))
    assert "encapsulated" in _refused(data.replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.10008.1.2.1\0"))


def test_an_item_that_claims_more_than_the_file_holds_takes_no_memory() -> None:
    """The length of the fragment says four gigabytes."""
    data = as_bytes(compressed(image(GREYS[0]), uid.RLELossless, [rle(GREYS[0])]))
    start = data.rindex(encapsulate([rle(GREYS[0])])[12:16])
    lying = data[: start + 4] + struct.pack("<L", 0xFFFFFFF0) + data[start + 8 :]
    with _at_most(2_000_000):
        _outcome(lying)


def _outcome(data: bytes) -> None:
    """Read a file, or see it refused: nothing else may happen."""
    with suppress(DataError):
        _frames(data)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda each: uid.UID(each).keyword)
def test_damaged_bytes_end_in_values_or_a_data_error(syntax: str) -> None:
    """A hundred files, each with some bytes changed anywhere, and cut somewhere."""
    data = as_bytes(in_syntax(GREYS[:2, :9, :8], syntax))
    random = np.random.default_rng(5)
    for _ in range(100):
        damaged = bytearray(data)
        for place in random.integers(132, len(data), 4):
            damaged[place] = random.integers(256)
        _outcome(bytes(damaged))
        _outcome(data[: random.integers(1, len(data))])
