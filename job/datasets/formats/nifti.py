"""NIfTI-1 and NIfTI-2 volumes (.nii, .nii.gz): the grid from the first bytes, the scaled values in canonical order."""

from __future__ import annotations

import gzip
import logging
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.arrayproxy import ArrayProxy
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from numpy.typing import NDArray

from job import storage
from job.datasets.geometry import Grid, canonical_grid, to_canonical
from job.errors import DataError, StorageError
from job.storage import FileInfo

HEAD_BYTES = 1 << 16
HEADERS: dict[int, Any] = {348: Nifti1Header, 540: Nifti2Header}
GZIP_MAGIC = b"\x1f\x8b"
GZIP_BEST = 1032  # deflate makes nothing smaller than this part of it
MAX_AXIS = 1 << 16  # NIfTI-1 holds half of it; a NIfTI-2 header may claim slices that no plan could list
MAX_OFFSET = 1 << 28  # bytes of header extensions before the values
MAX_REST = 1 << 20  # packed bytes behind the values: a little padding, no bomb
UNITS_MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # metre, millimetre, micrometre; files that say nothing mean millimetres
VOLUME_PX = 10  # of the largest slice that a spec allows

# nibabel writes remarks on headers to stderr; what keeps a volume from being read raises, and reaches the ledger.
logging.getLogger("nibabel.global").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, eq=False)
class VolumeHeader:
    """What a header says. oriented: False where it has neither sform nor qform, so that its axes are a convention."""

    grid: Grid
    oriented: bool


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume in memory. values_XYZ: canonical (RAS+), scaled by the header's slope and intercept, any number type."""

    values_XYZ: NDArray[Any]
    header: VolumeHeader


def read_header(file: FileInfo) -> VolumeHeader:
    """Read grid and orientation from the first bytes of a file, remote ones too."""
    head = storage.read_head(file.address, HEAD_BYTES)
    with _faults_explained():
        header = _parse(_gunzip_head(head) if head.startswith(GZIP_MAGIC) else head)
        _check_length(header, file.size, packed=head.startswith(GZIP_MAGIC))
        return _described(header)


def check_size(grid: Grid, max_px: int) -> None:
    """Refuse a volume with more voxels than ten of the largest slices would have."""
    if math.prod(grid.shape_XYZ) > VOLUME_PX * max_px:
        shape = " x ".join(map(str, grid.shape_XYZ))
        raise DataError(
            "too large",
            f"{shape} voxels; execution.max_image_px allows {max_px} pixels, and {VOLUME_PX} times as many voxels",
        )


def read_volume(path: Path) -> Volume:
    """Read a whole volume from a local file. How large it is, is for the caller to check, by its header."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error}") from None
    with raw, _faults_explained():
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        with gzip.open(raw) if packed else raw as stream:
            header = _parse(stream.read(max(HEADERS)))
            _check_length(header, path.stat().st_size, packed=packed)
            described = _described(header)
            scaled: Any = ArrayProxy(stream, header, mmap=False)
            stored = np.asanyarray(scaled).reshape(_shape(header))
            if packed:
                _read_rest(stream)
        return Volume(to_canonical(stored, _affine(header)), described)


def _read_rest(stream: Any) -> None:
    """Read to the end, for only there does gzip compare its checksum."""
    rest = 0
    while block := stream.read(storage.BLOCK):
        rest += len(block)
        if rest > MAX_REST:
            raise DataError("unreadable", f"over {MAX_REST} bytes follow the values that the header tells of")


def _parse(head: bytes) -> Any:
    length = next((n for n in HEADERS if n in (int.from_bytes(head[:4], order) for order in ("little", "big"))), None)
    if length is None or len(head) < length:
        raise DataError("unreadable", f"not a NIfTI-1 or NIfTI-2 header ({len(head)} bytes could be read)")
    header: Any = HEADERS[length](head[:length])
    if header.get_data_dtype().kind not in "iuf":
        raise DataError("colour volume", "RGB and complex NIfTI are not supported; store one number for each voxel")
    _shape(header)
    return header


def _shape(header: Any) -> tuple[int, int, int]:
    """Give the three axes as stored; axes of length 1 that trail, or lack, say nothing."""
    lengths = [int(length) for length in header.get_data_shape()]
    if any(length != 1 for length in lengths[3:]):
        raise DataError("several volumes", f"expected 3 axes, the shape is {' x '.join(map(str, lengths))}; split it")
    x, y, z = [*lengths, 1, 1, 1][:3]
    if not lengths or min(x, y, z) < 1:
        raise DataError("unreadable", f"the header gives the shape {' x '.join(map(str, lengths)) or '(none)'}")
    if max(x, y, z) > MAX_AXIS:
        raise DataError("too large", f"{x} x {y} x {z} voxels; at most {MAX_AXIS} along an axis")
    return x, y, z


def _check_length(header: Any, size: int, *, packed: bool) -> None:
    """Refuse, before anything is allocated, a header that promises more than the file can hold."""
    offset = int(header.get_data_offset())
    needed = offset + math.prod(_shape(header)) * header.get_data_dtype().itemsize
    if offset > MAX_OFFSET:
        raise DataError("unreadable", f"the header says that values begin at byte {offset}; at most {MAX_OFFSET}")
    if needed > size * (GZIP_BEST if packed else 1):
        raise DataError("unreadable", f"truncated: the header promises {needed} bytes, the file has {size}")


def _described(header: Any) -> VolumeHeader:
    oriented = bool(header["sform_code"] > 0 or header["qform_code"] > 0)
    return VolumeHeader(canonical_grid(_shape(header), _affine(header)), oriented)


def _affine(header: Any) -> NDArray[np.float64]:
    """Return the affine in millimetres; the field xyzt_units says in which unit the file states it."""
    unit_mm = UNITS_MM.get(int(header["xyzt_units"]) % 8, 1.0)
    affine: NDArray[np.float64] = np.diag([unit_mm, unit_mm, unit_mm, 1.0]) @ header.get_best_affine()
    return affine


def _gunzip_head(head: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(head, max(HEADERS))


@contextmanager
def _faults_explained() -> Iterator[None]:
    try:
        with np.errstate(all="ignore"):  # absurd numbers in a header overflow; what comes of them is checked
            yield
    except (DataError, MemoryError):
        raise
    except (EOFError, zlib.error) as error:
        raise DataError("unreadable", f"truncated or damaged: {error}") from None
    except Exception as error:  # nibabel throws HeaderDataError, ImageFileError, ValueError, OSError and more
        raise DataError("unreadable", f"damaged: {error}") from None
