"""The formats of volumes: which of them a file has, and its header and values in canonical order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from job.datasets.formats import metaimage, nifti, npz, nrrd
from job.datasets.formats.volume import StoredHeader, Volume, VolumeHeader, canonical_header, canonical_volume
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


FORMATS: Mapping[str, VolumeFormat] = {"NIfTI": nifti, "NRRD": nrrd, "MetaImage": metaimage, "NPZ": npz}


def format_of(file: FileInfo) -> VolumeFormat | None:
    """Return the format that a file's name states, None if it is no volume."""
    name = npz.archive_address(file.address).lower()
    return next((each for each in FORMATS.values() if name.endswith(each.ENDINGS)), None)


def read_header(file: FileInfo, axes: str | None = None) -> VolumeHeader:
    """Read the header of a volume. axes: where the stored axes lead, such as LPS, in place of what the file states."""
    return canonical_header(_known(file).read_header(file), axes)


def read_volume(file: FileInfo, axes: str | None = None) -> Volume:
    """Read a whole volume from a local file. The caller checks its size beforehand, by `read_header`."""
    known = _known(file)
    stored = known.read_header(file)
    return canonical_volume(known.read_values(file), stored, axes)


def _known(file: FileInfo) -> VolumeFormat:
    known = format_of(file)
    if known is None:
        raise ValueError(f"{file.address}: no volume")
    return known
