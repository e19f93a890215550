"""What a file holds: a picture, a volume or stack of slices, or named segments."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from job import storage
from job.datasets.fit import check_bytes
from job.datasets.formats import kinds, npz_pictures, tiff_stack
from job.datasets.formats.dicom import headers, series
from job.datasets.formats.plugins import plugin_of
from job.datasets.source import Kind
from job.errors import DataError, MemoryShortageError
from job.storage import FileInfo, damage_named

HEAD_BYTES = 1 << 18
THREADS = 16  # of requests to a store, which mostly wait
BY_ENDING: dict[Kind, tuple[str, ...]] = {
    "segments": (".seg.nrrd", ".json"),
    "volume": (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".h5", ".hdf5", ".he5", ".mat", ".zarr/"),
    "picture": (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".parquet"),
}
SEGMENTATIONS = ("SEG", "RTSTRUCT")


def kind_by_name(file: FileInfo) -> Kind | None:
    """Return what a file holds by its name alone; None where the content decides, as of DICOM, TIFF and NumPy files."""
    if file.members or plugin_of(file):
        return "volume"
    name = file.address.lower()
    return next((kind for kind, endings in BY_ENDING.items() if name.endswith(endings)), None)


@lru_cache(maxsize=1 << 14)
def kind_of(file: FileInfo) -> Kind:
    """Return what a local or remote file holds. What cannot be read counts as a picture, whose reader says why."""
    by_name = kind_by_name(file)
    if by_name or file.dead_link or file.refusal:
        return by_name or "picture"
    try:
        return _by_content(file)
    except (DataError, MemoryShortageError):
        return "picture"


def kinds_of(files: Sequence[FileInfo]) -> list[Kind]:
    """Return what each of many files holds; several are looked at at a time."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(kind_of, files))


def _by_content(file: FileInfo) -> Kind:
    head = storage.read_head(file.address, HEAD_BYTES)
    match kinds.read_format(head):
        case "DICOM":
            return _dicom_kind(head)
        case "TIFF":
            check_bytes(file.size)
            path = storage.local_path(file.address)
            with (
                damage_named(file.address),
                path.open("rb") if path else io.BytesIO(storage.read(file.address)) as stream,
            ):
                return "volume" if tiff_stack.is_stack(stream) else "picture"
        case "NPZ":
            return "picture" if npz_pictures.holds_picture(file) else "volume"
    return "picture"


def _dicom_kind(head: bytes) -> Kind:
    # Frames and contours that are described in megabytes follow the modality: the head need not hold them.
    stated = headers.parse(head, whole=False, last=headers.LAST_OF_IMAGE).dataset
    if stated.get("Modality") in SEGMENTATIONS:
        return "segments"
    return "volume" if series.is_stack(head) else "picture"
