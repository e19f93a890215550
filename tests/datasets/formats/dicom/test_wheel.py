"""The files that pydicom brings, written by many programs: read as SimpleITK and pydicom read them, or refused."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from job.datasets.formats.dicom import picture, series
from job.datasets.formats.picture import image_of
from job.errors import DataError
from tests.datasets.formats.dicom import wheel
from tests.datasets.formats.dicom.wheel import MAX_PX
from tests.datasets.volumes import local

PAGE = Path(__file__).parents[4] / "docs" / "dicom_test_files.md"
GDCM_DIFFERS = ("SC_rgb_rle_16bit", "SC_rgb_rle_32bit")
"""Colours of more than 8 bits in RLE, of which SimpleITK's reader takes the bytes in another order."""


def test_the_table_is_current() -> None:
    """Every file is read, or refused for a reason that a user can follow."""
    assert PAGE.read_text() == wheel.table() + "\n"


@pytest.mark.parametrize("path", wheel.files(), ids=lambda path: path.stem)
def test_pictures_have_the_values_that_simpleitk_reads(path: Path) -> None:
    """But for MONOCHROME1, which it does not invert."""
    try:
        decoded = picture.decode(path.read_bytes(), MAX_PX)
        theirs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    except (DataError, RuntimeError):
        return
    if decoded.doubts or path.stem.startswith(GDCM_DIFFERS):
        return
    ours = image_of(decoded).values
    assert np.array_equal(theirs.reshape(ours.shape), ours)


@pytest.mark.parametrize("path", [path for path in wheel.files() if path.stem.startswith(GDCM_DIFFERS)], ids=str)
def test_wide_colours_in_rle_are_as_pydicom_reads_them(path: Path) -> None:
    if "2frame" not in path.stem:
        assert np.array_equal(picture.decode(path.read_bytes(), MAX_PX).values, pydicom.dcmread(path).pixel_array)


@pytest.mark.parametrize("path", wheel.files(), ids=lambda path: path.stem)
def test_volumes_have_the_values_that_simpleitk_reads(path: Path) -> None:
    try:
        ours = series.read_values(local(path))
        theirs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    except (DataError, RuntimeError):
        return
    if not series.read_header(local(path)).doubts:
        assert np.array_equal(theirs.reshape(ours.shape), ours)
