"""The formats of volumes: which of them a file has, its header, and its values as stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from job.datasets.formats import hdf5, matlab, metaimage, nifti, npz, nrrd, tiff_stack, zarr_store
from job.datasets.formats.dicom import series
from job.datasets.formats.plugins import plugin_of
from job.datasets.formats.volume import StoredHeader, VolumeHeader, canonical_header
from job.storage import FileInfo


class VolumeFormat(Protocol):
    """A file format of volumes. Both functions raise DataError for a file that cannot be read, or would be misread."""

    @property
    def ENDINGS(self) -> tuple[str, ...]:  # noqa: N802
        """The ends of the names of such files, in lower case."""

    def read_header(self, file: FileInfo) -> StoredHeader:
        """Read what a local or remote file states about its volume, from its first bytes where the format allows."""

    def read_values(self, file: FileInfo) -> NDArray[Any]:
        """Read the values of a local file: three axes as stored, scaled by slope and intercept, any number type."""


FORMATS: Mapping[str, VolumeFormat] = {
    "NIfTI": nifti,
    "NRRD": nrrd,
    "MetaImage": metaimage,
    "NPZ": npz,
    "HDF5": hdf5,
    "MATLAB": matlab,
    "TIFF": tiff_stack,
    "Zarr": zarr_store,
    "DICOM": series,
}


def read_header(file: FileInfo, axes: str | None = None) -> VolumeHeader:
    """Read the header of a volume. axes: where the stored axes lead, such as LPS, in place of what the file states."""
    return canonical_header(read_stored(file), axes)


def read_stored(file: FileInfo) -> StoredHeader:
    """Read what a file states about its volume."""
    return _format_of(file).read_header(file)


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read all values of a local file, as stored. The caller checks their size beforehand, by the header."""
    return _format_of(file).read_values(file)


def _format_of(file: FileInfo) -> VolumeFormat:
    """Return the format that the name of a volume states, first of other packages. Without an ending it is DICOM."""
    if plugin := plugin_of(file):
        return plugin
    name = file.address.lower()
    return next((each for each in FORMATS.values() if name.endswith(each.ENDINGS)), series)
