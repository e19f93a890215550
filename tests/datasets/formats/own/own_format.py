"""A format of another package: a line of JSON, then the values, int16, the first axis fastest."""

import json
from pathlib import Path

import numpy as np

from job import storage
from job.datasets.formats.volume import StoredHeader
from job.errors import DataError

ENDINGS = (".own",)
HEAD_BYTES = 4096


def read_header(file):
    """Read the line of JSON; the file must be as long as it says."""
    try:
        line, _, _ = storage.read_head(file.address, HEAD_BYTES).partition(b"\n")
        stated = json.loads(line)
        shape, affine = tuple(stated["shape"]), np.array(stated["affine"], np.float64)
        spacing = tuple(np.linalg.norm(affine[:3, :3], axis=0).tolist())
    except (ValueError, KeyError, TypeError, IndexError):
        raise DataError("unreadable", "no header in JSON; write the file anew") from None
    if file.size != len(line) + 1 + 2 * int(np.prod(shape)):
        raise DataError("unreadable", f"truncated: {file.size} bytes for {shape} voxels; write the file anew")
    return StoredHeader(shape=shape, affine=affine, spacing_mm=spacing, value_bytes=2)


def read_values(file):
    """Read the values that follow."""
    values = Path(file.address).read_bytes().partition(b"\n")[2]
    return np.frombuffer(values, "<i2").reshape(read_header(file).shape, order="F")


def write(path, values, affine):
    """Write a volume."""
    header = json.dumps({"shape": values.shape, "affine": affine.tolist()})
    path.write_bytes(header.encode() + b"\n" + values.astype("<i2").tobytes(order="F"))
