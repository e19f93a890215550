"""NIfTI-1 and NIfTI-2 volumes (.nii, .nii.gz): the grid from the first bytes, the scaled values as stored."""

from __future__ import annotations

import gzip
import logging
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.arrayproxy import ArrayProxy
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from numpy.typing import NDArray

from job import storage
from job.datasets.doubt import Doubt
from job.datasets.formats import kinds, slabs
from job.datasets.formats.volume import StoredHeader
from job.datasets.geometry import canonical_grid
from job.datasets.sizes import as_text, check_axes
from job.errors import DataError
from job.storage import FileInfo, damage_named, damaged, text_of

ENDINGS = (".nii", ".nii.gz")
HEAD_BYTES = 1 << 16
HEADERS: dict[int, Any] = {348: Nifti1Header, 540: Nifti2Header}
GZIP_MAGIC = b"\x1f\x8b"
GZIP_BEST = 1032  # the highest ratio that deflate can reach
FORMS_VOXELS = 0.1  # a qform's float32 quaternion moves a grid by far less
MAX_OFFSET = 1 << 28  # bytes of header extensions before the values
MAX_REST = 1 << 20  # unpacked bytes after the values: enough for padding, too few for a decompression bomb
SCALED_BYTES = 8  # a value that slope and intercept scale becomes float64
UNITS_MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # metre, millimetre, micrometre; a file without a unit means millimetres

# nibabel logs remarks on headers to stderr. What makes a volume unreadable raises an error, which the ledger shows.
logging.getLogger("nibabel.global").setLevel(logging.CRITICAL + 1)


def read_header(file: FileInfo) -> StoredHeader:
    """Read grid and orientation from the first bytes of a local or remote file."""
    head = storage.read_head(file.address, HEAD_BYTES)
    with _as_data_error(file):
        header = _parse(_gunzip_head(head) if head.startswith(GZIP_MAGIC) else head, file.inside)
        _check_length(header, file.size, packed=head.startswith(GZIP_MAGIC))
        return _stored_header(header)


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read all values from a local file, as stored and scaled. The caller checks its size by `read_header` before."""
    path = Path(file.address)
    with _as_data_error(file), path.open("rb") as raw:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        with gzip.open(raw) if packed else raw as stream:
            header = _parse(stream.read(max(HEADERS)), file.inside)
            _check_length(header, path.stat().st_size, packed=packed)
            stored = slabs.values(_proxy(stream, header, file.inside), _shape(header))
            if packed:
                _read_rest(stream, _bytes(header) * (_channels(header) - 1))
        return stored


def _proxy(stream: Any, header: Any, channel: str) -> Any:
    """Return nibabel's proxy of the values of a channel: channels are stored one after the other."""
    slope, intercept = header.get_slope_inter()
    offset = int(header.get_data_offset()) + int(channel or 0) * _bytes(header)
    scaled = (1 if slope is None else slope, 0 if intercept is None else intercept)
    return ArrayProxy(stream, (_shape(header), header.get_data_dtype(), offset, *scaled), mmap=False)


def _read_rest(stream: Any, other_channels: int) -> None:
    """Read a gzip stream to its end, because only there its checksum is compared. other_channels: their bytes."""
    rest = 0
    while block := stream.read(storage.BLOCK):
        rest += len(block)
        if rest > MAX_REST + other_channels:
            raise DataError("unreadable", f"over {MAX_REST} bytes follow the values that the header declares")


def _parse(head: bytes, channel: str) -> Any:
    """Return nibabel's header of the first bytes; raise DataError for a kind of volume that is not supported.

    channel: which of the volumes along the fourth axis is meant; "" where there is one.
    """
    length = next((n for n in HEADERS if n in (int.from_bytes(head[:4], order) for order in ("little", "big"))), None)
    if length is None or len(head) < length:
        other = kinds.foreign_name(head) or kinds.read_format(head)
        found = f"it is {other}" if other and "NIfTI" not in other else f"{len(head)} bytes could be read"
        raise DataError("unreadable", f"not a NIfTI-1 or NIfTI-2 header ({found})")
    header: Any = HEADERS[length](head[:length])
    if header.get_data_dtype().kind not in "iuf":
        raise DataError("colour volume", "RGB and complex NIfTI are not supported; store one number for each voxel")
    _shape(header)
    _check_channel(header, channel)
    return header


def _check_channel(header: Any, channel: str) -> None:
    """Raise DataError if the file has several channels and none is stated, or not the one that is."""
    count = _channels(header)
    if not channel and count > 1:
        detail = f"expected 3 axes, the shape is {as_text(header.get_data_shape())}; state `channel`, 0 to {count - 1}"
        raise DataError("several volumes", detail)
    if channel and int(channel) >= count:
        raise DataError("no such channel", f"the file has {count}, counted from 0; the spec states {channel}")


def _channels(header: Any) -> int:
    """Return the number of volumes along the fourth axis, 1 without one."""
    return int([*header.get_data_shape(), 1, 1, 1, 1][3])


def _bytes(header: Any) -> int:
    """Return the bytes of one channel as stored."""
    return math.prod(_shape(header)) * int(header.get_data_dtype().itemsize)


def _shape(header: Any) -> tuple[int, int, int]:
    """Return the lengths of the three axes as stored. Missing axes have length 1; axes beyond the fourth must have."""
    lengths = [int(length) for length in header.get_data_shape()]
    if any(length != 1 for length in lengths[4:]) or 0 in lengths[3:4]:
        raise DataError("several volumes", f"expected 3 or 4 axes, the shape is {as_text(lengths)}; split it")
    x, y, z = [*lengths, 1, 1, 1][:3]
    if not lengths or min(x, y, z) < 1:
        raise DataError("unreadable", f"the header states the shape {as_text(lengths) or '(none)'}")
    check_axes((x, y, z))
    return x, y, z


def _check_length(header: Any, size: int, *, packed: bool) -> None:
    """Raise DataError if the header declares more values than the file can hold; nothing is allocated before."""
    offset = int(header.get_data_offset())
    needed = offset + _bytes(header) * _channels(header)
    if offset > MAX_OFFSET:
        raise DataError("unreadable", f"the header states that values begin at byte {offset}; at most {MAX_OFFSET}")
    if needed > size * (GZIP_BEST if packed else 1):
        raise DataError("unreadable", f"truncated: the header declares {needed} bytes, the file has {size}")


def _stored_header(header: Any) -> StoredHeader:
    """Return what a header states. The field xyzt_units has the unit of the file's lengths."""
    slope, intercept = header.get_slope_inter()
    is_scaled = (slope, intercept) not in ((None, None), (1, 0))
    dtype = header.get_data_dtype()
    has_step = slope not in (None, 0, 1) and dtype.kind in "iu"
    unit_mm = UNITS_MM.get(int(header["xyzt_units"]) % 8, 1.0)
    x_mm, y_mm, z_mm = (unit_mm * float(zoom) for zoom in [*header.get_zooms(), 1.0, 1.0, 1.0][:3])
    return StoredHeader(
        shape=_shape(header),
        affine=np.diag([unit_mm, unit_mm, unit_mm, 1.0]) @ header.get_best_affine(),
        oriented=bool(header["sform_code"] > 0 or header["qform_code"] > 0),
        spacing_mm=(x_mm, y_mm, z_mm),
        value_bytes=max(dtype.itemsize, SCALED_BYTES) if is_scaled else dtype.itemsize,
        label_step=abs(float(slope)) if has_step else 0.0,
        orientation_doubts=tuple(_orientation_doubts(header)),
    )


def _orientation_doubts(header: Any) -> Iterator[Doubt]:
    """Yield what makes the orientation that a header states doubtful."""
    shape = _shape(header)
    if header["sform_code"] > 0 and header["qform_code"] > 0 and (difference := _difference_of_forms(header)):
        detail = f"{difference}; sform is used, `axes:` overrides both"
        yield Doubt(reason="sform and qform differ", detail=detail)
    if header["sform_code"] > 0 and np.array_equal(header.get_sform(), np.eye(4)):
        detail = "the affine is the identity, as where the orientation was lost; if so, state it by `axes:`"
        yield Doubt(reason="identity affine", detail=detail)
    if sorted(shape)[0] == 1 and sorted(shape)[1] > 1:
        detail = f"{as_text(shape)} voxels; for a picture whose first axis runs down, set `axes: rows-columns`"
        yield Doubt(reason="one slice", detail=detail)


def _difference_of_forms(header: Any) -> str:
    """Describe how the two affines of a header differ; "" if they agree."""
    shape = _shape(header)
    try:
        sform, qform = (canonical_grid(shape, affine) for affine in (header.get_sform(), header.get_qform()))
    except DataError as error:
        return error.detail
    if sform.codes != qform.codes:
        return f"sform states the axes {sform.codes}, qform {qform.codes}"
    shift = sform.displacement(qform)
    return f"their corners are up to {shift:.3g} voxels apart" if shift > FORMS_VOXELS else ""


def _gunzip_head(head: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(head, max(HEADERS))


@contextmanager
def _as_data_error(file: FileInfo) -> Iterator[None]:
    """Turn whatever nibabel and gzip raise for a damaged file into a DataError."""
    with damage_named(file.address, _damaged), np.errstate(all="ignore"):  # absurd numbers in a header overflow
        yield


def _damaged(error: Exception) -> str:
    return f"truncated or damaged: {text_of(error)}" if isinstance(error, EOFError | zlib.error) else damaged(error)
