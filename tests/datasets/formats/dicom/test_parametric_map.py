"""Parametric maps, such as ADC: floating-point pixels, written by highdicom."""

from pathlib import Path

import highdicom
import numpy as np
import pytest
from highdicom import VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from job.datasets.formats.dicom import series
from job.datasets.formats.volume import canonical_volume
from job.errors import DataError
from tests.datasets.formats import phantom
from tests.datasets.formats.segments.dicom_writers import saved
from tests.datasets.formats.segments.dicom_writers import series as source_slices
from tests.datasets.volumes import local

VALUES = np.linspace(-1.5, 3000.25, phantom.phantom().size).reshape(phantom.SHAPE)


def parametric_map(path: Path, dtype: str, slope: float = 1.0, values: np.ndarray = VALUES) -> Path:
    """Write a map of the phantom, slices from inferior to superior."""
    stored = phantom.stored(values.astype(dtype), "SPL")[0]
    code = highdicom.sr.CodedConcept("113041", "DCM", "Apparent Diffusion Coefficient")
    mapping = RealWorldValueMapping(
        lut_label="1",
        lut_explanation="ADC",
        unit=codes.UCUM.NoUnits,
        value_range=(0, 60_000) if dtype == "u2" else (-1e6, 1e6),
        slope=slope,
        intercept=0.0,
        quantity_definition=code,
    )
    made = ParametricMap(
        source_images=source_slices(),
        pixel_array=stored,
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="none",
        manufacturer_model_name="none",
        software_versions="1",
        device_serial_number="1",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[VOILUTTransformation(window_center=100, window_width=200)],
    )
    return saved(made, path)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_floating_point_values_are_as_stored(tmp_path: Path, dtype: str) -> None:
    """In the type and at the place that the file states."""
    file = local(parametric_map(tmp_path / "a.dcm", dtype))
    volume = canonical_volume(series.read_values(file), series.read_header(file))
    assert volume.values_XYZ.dtype == np.dtype(dtype)
    assert np.array_equal(volume.values_XYZ, VALUES.astype(dtype))
    assert np.allclose(volume.header.grid.affine, phantom.affine())
    assert volume.header.doubts == ()


def test_real_world_values_that_differ_are_told(tmp_path: Path) -> None:
    """They are not applied."""
    (doubt,) = series.read_header(local(parametric_map(tmp_path / "a.dcm", "f4", slope=1e-6))).doubts
    assert (doubt.reason, "RealWorldValueSlope is not 1" in doubt.detail) == ("values as stored", True)


def test_a_map_of_whole_numbers_is_refused(tmp_path: Path) -> None:
    """Its stored values mean nothing without the mapping."""
    path = parametric_map(tmp_path / "a.dcm", "u2", values=np.abs(VALUES))
    with pytest.raises(DataError, match="a parametric map of whole numbers"):
        series.read_header(local(path))


def test_a_map_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """By its length."""
    path = parametric_map(tmp_path / "a.dcm", "f4")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="truncated"):
        series.read_header(local(path))
