"""2D images and masks: PNG, JPEG, TIFF, BMP, GIF, DICOM and NPZ, with the values that the file holds.

Orientation tags are not applied: image and mask must agree pixel by pixel, and most masks have no tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from PIL import UnidentifiedImageError

from job import storage
from job.datasets.fit import check_bytes
from job.datasets.formats import kinds, npz_pictures, parquet, pillow, tiff
from job.datasets.formats.dicom import picture as dicom_picture
from job.datasets.formats.picture import Decoded, Picture, image_of, labels_of
from job.errors import DataError
from job.storage import FileInfo, InputCache, damage_named, damaged


class PictureFormat(Protocol):
    """A file format of 2D images. Both functions raise DataError for what cannot be read, or would be misread."""

    def image_size(self, data: bytes) -> tuple[int, int]:
        """Return height and width. data: the first bytes of a file, as far as its pixels."""

    def decode(self, data: bytes, max_px: int) -> Decoded:
        """Decode a whole file of one image, at most `max_px` pixels."""


HEAD_BYTES = 1 << 18
READERS: Mapping[str, PictureFormat] = {"TIFF": tiff, "DICOM": dicom_picture}
"""Readers of the formats that are not Pillow's. The one of NumPy archives needs the name of an array, too."""


def read_image(file: FileInfo, max_px: int) -> Picture:
    """Read an image of at most `max_px` pixels: HxW grey or HxWx3 RGB, in the file's own type. Alpha is dropped."""
    return image_of(_decode(file, max_px))


def read_mask(file: FileInfo, max_px: int) -> Picture:
    """Read a label map of at most `max_px` pixels: as an image, but the HxW indices of a palette image."""
    return labels_of(_decode(file, max_px))


def image_size(file: FileInfo, cache: InputCache) -> tuple[int, int]:
    """Read height and width from the first bytes. A file with its header further behind is fetched whole."""
    if parquet.is_cell(file):
        data = parquet.cell(file)
        return _size(data, _kind_of_cell(data))
    head = storage.read_head(file.address, HEAD_BYTES)
    kind = _kind(head)
    if kind == "NPZ":
        return npz_pictures.picture_size(file)
    try:
        return _size(head, kind)
    except DataError:
        if len(head) < HEAD_BYTES:
            raise
    return _size(storage.read(str(cache.local(file))), kind)


def _kind(head: bytes) -> str:
    """Return the format of a file by its first bytes; raise DataError if it is not one of those that are read."""
    if not head:
        raise DataError("unreadable", "the file is empty")
    kind = kinds.read_format(head)
    if kind is None:
        name = kinds.foreign_name(head)
        formats = f"not one of {', '.join(kinds.READ)}"
        raise DataError("unreadable", f"{name}; {formats}" if name else f"{formats}, or its header is damaged")
    return kind


def _kind_of_cell(data: bytes) -> str:
    """Return the format of a picture in a Parquet file."""
    kind = _kind(data)
    if kind == "NPZ":
        raise DataError("unreadable", "a NumPy archive in a Parquet file, which is not read; store pictures")
    return kind


def _size(data: bytes, kind: str) -> tuple[int, int]:
    with damage_named(describe=_damaged):
        return READERS.get(kind, pillow).image_size(data)


def _decode(file: FileInfo, max_px: int) -> Decoded:
    """Decode a whole local file; raise DataError if it cannot be decoded, or would be read wrongly."""
    is_cell = parquet.is_cell(file)
    check_bytes(0 if is_cell else file.size)
    data = parquet.cell(file) if is_cell else storage.read(file.address)
    kind = _kind_of_cell(data) if is_cell else _kind(data)
    if kind == "NPZ":
        return npz_pictures.picture(file, max_px)
    with damage_named(describe=_damaged):
        return READERS.get(kind, pillow).decode(data, max_px)


def _damaged(error: Exception) -> str:
    return "its header is damaged" if isinstance(error, UnidentifiedImageError) else damaged(error)
