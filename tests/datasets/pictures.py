"""Local files as pictures."""

from __future__ import annotations

from pathlib import Path

from job.datasets.formats import raster
from job.datasets.formats.picture import Picture
from tests.datasets.volumes import local


def read_image(path: Path, max_px: int) -> Picture:
    """Read a local 2D image of any format."""
    return raster.read_image(local(path), max_px)


def read_mask(path: Path, max_px: int) -> Picture:
    """Read a local 2D label map of any format."""
    return raster.read_mask(local(path), max_px)
