"""Local files as volumes."""

from __future__ import annotations

from pathlib import Path

from job.datasets.formats import volumes
from job.datasets.formats.volume import Volume, canonical_volume
from job.storage import FileInfo


def local(path: Path) -> FileInfo:
    """Return the file at a path, as its store lists it; an empty one if there is none."""
    return FileInfo(address=str(path), size=path.stat().st_size if path.exists() else 0, version="")


def read_volume(path: Path, axes: str | None = None) -> Volume:
    """Read a local volume of any format."""
    return read_file(local(path), axes)


def read_file(file: FileInfo, axes: str | None = None) -> Volume:
    """Read a local file, or an array inside it, as a volume."""
    return canonical_volume(volumes.read_values(file), volumes.read_stored(file), axes)
