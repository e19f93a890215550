"""A volume that is read in slabs has the values and the number type that nibabel reads at once."""

import gzip

import nibabel
import numpy as np
import pytest

from job.datasets.formats import slabs
from tests.datasets.volumes import read_volume


@pytest.mark.parametrize(("dtype", "slope"), [(np.int16, None), (np.int16, 2.5), (np.uint8, None), (np.float32, None)])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_slabs_make_the_whole(tmp_path, monkeypatch, dtype, slope, name):
    """Slabs of two slices, the last of one; packed or not, scaled or not."""
    stored = np.arange(3 * 4 * 5).reshape(3, 4, 5).astype(dtype)
    volume = nibabel.Nifti1Image(stored, np.eye(4))
    volume.header.set_slope_inter(slope, 0.5 if slope else None)
    data = bytearray(volume.to_bytes())
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    monkeypatch.setattr(slabs, "SLAB", 24)
    values = read_volume(tmp_path / name).values_XYZ
    expected = np.asanyarray(nibabel.load(tmp_path / name).dataobj)
    assert values.dtype == expected.dtype
    assert np.array_equal(values, expected)
