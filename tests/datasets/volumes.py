"""Local files as volumes."""

from __future__ import annotations

from pathlib import Path

from job.datasets.formats import volumes
from job.datasets.formats.volume import Volume
from job.storage import FileInfo


def local(path: Path) -> FileInfo:
    """Return the file at a path, as its store lists it; an empty one if there is none."""
    return FileInfo(address=str(path), size=path.stat().st_size if path.exists() else 0, version="")


def read_volume(path: Path, axes: str | None = None) -> Volume:
    """Read a local volume of any format."""
    return volumes.read_volume(local(path), axes)
