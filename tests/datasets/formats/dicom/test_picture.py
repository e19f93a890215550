"""DICOM files of one image as pictures: greys as they are meant, colours as RGB, palettes as indices and colours."""

from typing import Any

import highdicom as hd
import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset, uid

from job.datasets.formats.dicom import picture
from job.datasets.formats.picture import image_of, labels_of
from job.errors import DataError
from tests.datasets.formats.dicom.encoded import in_syntax
from tests.datasets.formats.dicom.written import SECRET, as_bytes, compressed, image

GREY = np.arange(6 * 8, dtype=np.uint16).reshape(6, 8) * 80
COLOUR = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
MAX_PX = 10_000


def _decode(made: Dataset) -> Any:
    return picture.decode(as_bytes(made), MAX_PX)


def test_grey_is_as_stored() -> None:
    found = _decode(image(GREY, BitsStored=12, Modality="DX"))
    assert np.array_equal(found.values, GREY)
    assert found.values.dtype == np.uint16
    assert (found.lossy, found.doubts, found.palette) == ("", (), None)


def test_the_size_is_known_from_the_first_bytes() -> None:
    data = as_bytes(image(GREY))
    assert picture.image_size(data[:-90]) == (6, 8)


@pytest.mark.parametrize("elements", [{"Rows": None}, {"Columns": None}, {"Rows": 0}])
def test_a_file_without_a_size_is_refused(elements: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"Rows|Columns|0 x 8"):
        picture.image_size(as_bytes(image(GREY, **elements)))


def test_first_bytes_that_end_before_the_size_are_refused() -> None:
    """So that the caller fetches the file whole."""
    with pytest.raises(DataError, match="Rows is missing"):
        picture.image_size(as_bytes(image(GREY))[:300])


def test_monochrome1_is_inverted_with_a_doubt() -> None:
    """Of 12 bits, v becomes 4095 - v."""
    found = _decode(image(GREY, BitsStored=12, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(found.values, 4095 - GREY)
    assert found.values.dtype == np.uint16
    assert [doubt.reason for doubt in found.doubts] == ["white is lowest"]


def test_slope_and_intercept_are_applied() -> None:
    found = _decode(image(GREY, BitsStored=12, RescaleSlope="1", RescaleIntercept="-1024"))
    assert np.array_equal(found.values, GREY.astype(int) - 1024)
    assert found.values.dtype == np.int16
    assert _decode(image(GREY, RescaleSlope="0.5", RescaleIntercept="0")).values.tolist() == (GREY / 2).tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_modality_table_replaces_the_values(dtype: Any) -> None:
    """A table of 300 entries that begins at 2: lower values are as its first."""
    table = Dataset()
    table.LUTDescriptor, table.LUTData, table.ModalityLUTType = [300, 2, 16], [7, 500, 9, *range(297)], "US"
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    found = _decode(image(np.array([[0, 2, 3, 4, 5, 6]], dtype), ModalityLUTSequence=[table]))
    assert found.values.tolist() == [[7, 7, 500, 9, 0, 1]]
    assert not found.doubts
    both = _decode(image(np.zeros((1, 6), dtype), ModalityLUTSequence=[table], RescaleSlope="2", RescaleIntercept="0"))
    assert [doubt.reason for doubt in both.doubts] == ["two rescales"]


def _floating(**elements: Any) -> Dataset:
    made = image(GREY, BitsAllocated=32, FloatPixelData=GREY.astype("<f4").tobytes(), **elements)
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(made, keyword)
    return made


def test_floating_point_numbers_are_rescaled_as_those_of_a_volume() -> None:
    """One file is the same values, whether a folder or a picture is meant."""
    assert np.array_equal(_decode(_floating()).values, GREY.astype(np.float32))
    found = _decode(_floating(RescaleSlope="2", RescaleIntercept="-1"))
    assert np.array_equal(found.values, GREY.astype(np.float32) * 2 - 1)
    assert found.values.dtype == np.float32
    with pytest.raises(DataError, match="inverted floating-point"):
        _decode(_floating(PhotometricInterpretation="MONOCHROME1"))


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.JPEG2000Lossless])
def test_colours_are_rgb(syntax: str) -> None:
    assert np.array_equal(_decode(in_syntax(COLOUR[None], syntax)).values, COLOUR)


def test_big_endian_values_are_in_the_order_of_this_machine() -> None:
    found = _decode(in_syntax(GREY[None], uid.ExplicitVRBigEndian)).values
    assert found.dtype == np.dtype("uint16")
    assert np.array_equal(found, GREY)


def test_ybr_full_becomes_rgb() -> None:
    """PS3.3 C.7.6.3.1.2: Y 100, Cb 128, Cr 228 is R 100 + 1.402 * 100, G 100 - 0.7141 * 100, B 100."""
    made = image(np.full((1, 1, 3), (100, 128, 228), np.uint8), PhotometricInterpretation="YBR_FULL")
    assert _decode(made).values[0, 0].tolist() == [240, 29, 100]


def _palette(made: Dataset, colours: list[tuple[int, int, int]], first: int, bits: int) -> Dataset:
    made.PhotometricInterpretation = "PALETTE COLOR"
    for name, values in zip(("Red", "Green", "Blue"), zip(*colours, strict=True), strict=True):
        keyword = f"{name}PaletteColorLookupTable"
        setattr(made, f"{keyword}Descriptor", [len(colours), first, bits])
        made[f"{keyword}Descriptor"].VR = "US"
        setattr(made, f"{keyword}Data", np.array(values, f"<u{bits // 8}").tobytes())
        made[f"{keyword}Data"].VR = "OW"
    return made


INDICES = np.array([[0, 1, 2, 3, 5, 9]], np.uint8)


@pytest.mark.parametrize(("bits", "unit"), [(8, 1), (16, 256)])
def test_a_palette_gives_indices_and_colours(bits: int, unit: int) -> None:
    """The palette begins at index 2: lower indices have its first colour, higher ones its last."""
    colours = [(0, 0, 0), (255 * unit, 0, 0), (0, 128 * unit, 3 * unit), (9 * unit, 9 * unit, 9 * unit)]
    found = _decode(_palette(image(INDICES), colours, 2, bits))
    black, red, grey = [0, 0, 0], [255, 0, 0], [9, 9, 9]
    assert image_of(found).values[0].tolist() == [black, black, black, red, grey, grey]
    assert np.array_equal(labels_of(found).values, INDICES)


def test_a_palette_of_16_bits_may_hold_values_of_8() -> None:
    found = _decode(_palette(image(INDICES), [(0, 0, 0), (255, 128, 3)], 0, 16))
    assert image_of(found).values[0, 1].tolist() == [255, 128, 3]


def test_a_palette_of_16_bit_indices_is_applied() -> None:
    colours = [(number // 2, 255 - number // 2, 7) for number in range(400)]
    found = _decode(_palette(image(INDICES.astype(np.uint16) + 300), colours, 0, 16))
    assert image_of(found).values[0].tolist() == [
        [(300 + int(n)) // 2, 255 - (300 + int(n)) // 2, 7] for n in INDICES[0]
    ]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("RedPaletteColorLookupTableDescriptor", None),
        ("RedPaletteColorLookupTableData", None),
        ("GreenPaletteColorLookupTableData", b""),
        ("BluePaletteColorLookupTableData", b"\1\2"),
        ("RedPaletteColorLookupTableDescriptor", [0, 0, 8]),
        ("PixelRepresentation", 1),
    ],
)
def test_a_damaged_palette_is_refused(keyword: str, value: Any) -> None:
    made = _palette(image(INDICES), [(0, 0, 0), (1, 2, 3), (5, 6, 7), (9, 9, 9)], 0, 8)
    if value is None:
        delattr(made, keyword)
    else:
        setattr(made, keyword, value)
        made[keyword].VR = "OW" if isinstance(value, bytes) else "US"
    with pytest.raises(DataError):
        _decode(made)


def test_lossy_compression_is_named() -> None:
    """Of the syntax, or one before that the header tells of."""
    jpeg = bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(COLOUR[..., 0])))
    assert _decode(compressed(image(COLOUR[..., 0]), uid.JPEGBaseline8Bit, [jpeg])).lossy == "JPEG"
    assert _decode(image(GREY, LossyImageCompression="01")).lossy == "an earlier lossy compression"
    assert _decode(image(GREY, LossyImageCompression="00")).lossy == ""


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless])
def test_secondary_captures_of_highdicom_are_read(syntax: str) -> None:

    capture = hd.sc.SCImage(
        pixel_array=COLOUR,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid="1.2.3",
        series_instance_uid="1.2.4",
        series_number=1,
        sop_instance_uid="1.2.5",
        instance_number=1,
        manufacturer="M",
        patient_orientation=("L", "P"),
        transfer_syntax_uid=syntax,
    )
    assert np.array_equal(_decode(capture).values, COLOUR)


def test_several_frames_are_refused() -> None:
    with pytest.raises(DataError, match="several frames"):
        _decode(image(np.zeros((2, 3, 3), np.uint8), frames=2))


def test_an_image_beyond_the_limit_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(DataError, match="too large"):
        picture.decode(as_bytes(image(GREY)), 47)


@pytest.mark.parametrize("length", [100, 200, 500, -1])
def test_a_truncated_file_is_refused(length: int) -> None:
    with pytest.raises(DataError) as caught:
        picture.decode(as_bytes(image(GREY))[:length], MAX_PX)
    assert SECRET not in str(caught.value)
