"""HDF5 and MATLAB: arrays by name, and nothing but what lies in the file itself."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from job.datasets.formats import volumes
from job.errors import DataError
from tests.datasets.volumes import local, read_file

VALUES = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)


def named(path, name="image"):
    return replace(local(path), inside=name)


def refused(file):
    """Return the error that the header raises."""
    with pytest.raises(DataError) as caught:
        volumes.read_header(file)
    return caught.value


@pytest.fixture
def secret(tmp_path):
    """Another file, which a link may lead to."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["image"] = VALUES
    return tmp_path / "secret.h5"


def external_link(file, secret):
    file["image"] = h5py.ExternalLink(str(secret), "image")


def soft_link(file, secret):
    file["a"] = VALUES
    file["image"] = h5py.SoftLink("/a")


def virtual(file, secret):
    layout = h5py.VirtualLayout(VALUES.shape, "i2")
    layout[:] = h5py.VirtualSource(str(secret), "image", VALUES.shape)
    file.create_virtual_dataset("image", layout)


def values_elsewhere(file, secret):
    file.create_dataset("image", VALUES.shape, "i2", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])


def filter_of_another_program(file, secret):
    """Bitshuffle, which HDF5 would load from a folder of plug-ins; optional, so that it can be written without."""
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk(VALUES.shape)
    settings.set_filter(32008, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple(VALUES.shape)
    h5py.Dataset(h5py.h5d.create(file.id, b"image", h5py.h5t.STD_I16LE, space, settings))[()] = VALUES


@pytest.mark.parametrize("place", [external_link, soft_link, virtual, values_elsewhere, filter_of_another_program])
def test_no_other_file_is_read(tmp_path, secret, place):
    """Whatever a file calls it."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        place(file, secret)
    assert refused(named(tmp_path / "a.h5")).reason in ("array missing", "unreadable")


@pytest.mark.parametrize(
    ("values", "found"), [(VALUES[0], "3 x 4 of int16"), (np.array([[[b"a"]]]), "1 x 1 x 1 of |S1"), (1.5, "one value")]
)
def test_an_array_is_of_numbers_along_three_axes(tmp_path, values, found):
    """What it is instead is named."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = values
    assert found in refused(named(tmp_path / "a.h5")).detail


def test_the_arrays_are_listed_where_none_or_another_is_named(tmp_path):
    """In both kinds of file."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = file["label"] = VALUES
    savemat(tmp_path / "a.mat", {"image": VALUES, "label": VALUES})
    for name, message in (("", "which array is meant"), ("mask", "no array 'mask'")):
        for path in (tmp_path / "a.h5", tmp_path / "a.mat"):
            error = refused(named(path, name))
            assert message in error.detail
            assert "it holds image, label; add `#`" in error.detail


def test_matlab_7_3_is_hdf5_with_its_axes_reversed(tmp_path):
    """Behind a block of 512 bytes."""
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["image"] = VALUES.T
    volume = read_file(named(tmp_path / "a.mat"), "RAS")
    assert np.array_equal(volume.values_XYZ, VALUES)
    assert volume.header.grid.shape_XYZ == VALUES.shape


def test_a_cell_of_matlab_is_no_volume(tmp_path):
    """Its class is named."""
    cells = np.full((1, 1, 2), 1, object)
    savemat(tmp_path / "a.mat", {"image": cells})
    assert "of cell" in refused(named(tmp_path / "a.mat")).detail
