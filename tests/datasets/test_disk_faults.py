"""A file that the disk or the machine does not give is no damaged file: it is tried again, not left out for good.

`/proc/self/mem` is a file whose first bytes the system refuses with a real EIO. Under a limit of open files, the next
one gets a real EMFILE.
"""

import os
import resource
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from scipy.io import savemat

from job.datasets.formats import hdf5, matlab, metaimage, nifti, npz, nrrd, tiff_stack
from job.datasets.layers import faults_named
from job.errors import DataError, MemoryShortageError, StorageError
from job.storage import FileInfo, damage_named
from tests.datasets import make
from tests.datasets.corruption import FORMATS, labels, noise
from tests.datasets.formats.test_conformance import write_by_itk

VOLUME = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


def write_hdf5(path):
    with h5py.File(path, "w") as file:
        file["x"] = VOLUME


VOLUMES = {
    "a.nii": (nifti, lambda path: make.nifti(path, VOLUME)),
    "a.nii.gz": (nifti, lambda path: make.nifti(path, VOLUME)),
    "a.nrrd": (nrrd, lambda path: write_by_itk(path, VOLUME, make.PLACED)),
    "a.mha": (metaimage, lambda path: write_by_itk(path, VOLUME, make.PLACED)),
    "a.npz": (npz, lambda path: np.savez(path, imgs=VOLUME)),
    "a.h5": (hdf5, write_hdf5),
    "a.mat": (matlab, lambda path: savemat(path, {"x": VOLUME})),
    "a.tif": (tiff_stack, lambda path: tifffile.imwrite(path, VOLUME, photometric="minisblack")),
}


@contextmanager
def no_more_files():
    """Let this process open none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Path(os.devnull).open() as last:
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def read(form, path):
    """Read header and values, as a study does."""
    inside = "x" if path.suffix in (".h5", ".mat") else ""
    file = FileInfo(address=str(path), size=path.stat().st_size, version="", inside=inside)
    with faults_named(file, "image"):
        form.read_header(file)
        return form.read_values(file)


@pytest.mark.parametrize("name", VOLUMES)
def test_a_volume_that_cannot_be_opened_is_not_damaged(tmp_path, name):
    """And is read once files can be opened again."""
    form, written = VOLUMES[name]
    written(tmp_path / name)
    assert read(form, tmp_path / name).size == VOLUME.size
    with no_more_files(), pytest.raises(StorageError, match=rf"{name}: cannot read: .*Too many open files"):
        read(form, tmp_path / name)
    assert read(form, tmp_path / name).size == VOLUME.size


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_cannot_be_opened_is_not_left_out(tmp_path, name):
    """Pictures and volumes, on their way to a sample."""
    for role, values in (("images", noise()), ("masks", labels())):
        make.write(tmp_path / role / name, FORMATS[name](values))
    spec = make.dataset(tmp_path)
    assert make.load(spec, tmp_path).samples
    with no_more_files(), pytest.raises(StorageError, match="Too many open files"):
        make.load(spec, tmp_path)


@pytest.mark.parametrize("name", [name for name in VOLUMES if name not in ("a.npz", "a.tif")])
def test_a_volume_that_the_disk_cannot_read_is_not_damaged(tmp_path, name):
    """EIO at its first byte. Of the two left out, the readers look at the end first, which this file does not have."""
    (tmp_path / name).symlink_to("/proc/self/mem")
    form, _ = VOLUMES[name]
    file = FileInfo(address=str(tmp_path / name), size=5000, version="", inside="x")
    reads = form.read_header if form is matlab else form.read_values
    refused = f"{name}: cannot read: OSError: (Input/output error|Invalid argument)"
    with pytest.raises(StorageError, match=refused), faults_named(file, "image"):
        reads(file)


def read_in_vain():
    """Raise ValueError in place of the error of the disk, as `zipfile` does."""
    with Path("/proc/self/mem").open("rb", buffering=0) as unreadable:
        try:
            unreadable.read(2)
        except OSError:
            raise ValueError("no archive") from None


def test_an_error_of_the_disk_is_found_behind_that_of_a_library():
    """Which it does not name."""
    with pytest.raises(OSError, match="Input/output error"), damage_named():
        read_in_vain()


@pytest.mark.parametrize("error", [OSError(12, "Cannot allocate memory"), RuntimeError("can't start new thread")])
def test_a_file_that_lacks_memory_is_not_damaged(error):
    """Whatever the library calls it."""
    file, message = FileInfo(address="/a/b.nii", size=1, version=""), "memory ran out while this mask was read"
    with pytest.raises(MemoryShortageError, match=message), faults_named(file, "mask"), damage_named():
        raise error


DAMAGE = [OSError("truncated"), OSError(22, "Invalid argument"), ValueError("x"), KeyError("x")]


@pytest.mark.parametrize("error", DAMAGE, ids=repr)
def test_whatever_else_a_library_raises_is_damage(error):
    """A seek to an offset that a damaged header states is an invalid argument."""
    with pytest.raises(DataError, match="damaged: "), damage_named():
        raise error


def test_only_the_named_kinds_are_damage():
    """A fault of this program is no fault of the file."""
    with pytest.raises(KeyError), damage_named(kinds=(OSError,)):
        raise KeyError("x")
    with (
        pytest.raises(DataError, match="cut off"),
        damage_named(describe=lambda error: f"cut {error}", kinds=(EOFError,)),
    ):
        raise EOFError("off")


def test_what_a_library_quotes_of_a_file_cannot_steer_a_terminal():
    """A file may hold any text, of any length."""
    with pytest.raises(DataError) as raised, damage_named():
        raise ValueError("\x1b[2J" + 500 * "x")
    assert raised.value.detail == "damaged: \u241b[2J" + 396 * "x"
