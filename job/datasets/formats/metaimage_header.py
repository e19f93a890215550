"""The text header of a MetaImage: lines of `Key = Value`, of which ElementDataFile is the last. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.sizes import check_axes
from job.errors import DataError

LAST = re.compile(rb"(?:^|\n)\s*ElementDataFile\s*=[^\n]*(\r?\n|$)", re.IGNORECASE)
TYPES = {"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "long": "i4"}
TYPES |= {"ulong": "u4", "long_long": "i8", "ulong_long": "u8", "float": "f4", "double": "f8"}
"""The names of types after `MET_`. A MET_LONG has 4 bytes on every machine."""
UNITS_MM = {"mm": 1.0, "cm": 10.0, "um": 0.001}
MAX_OFFSET = 1 << 28  # bytes before the values


@dataclass(frozen=True, kw_only=True, eq=False)
class MetaHeader:
    """What the text states.

    directions: 3x3 in LPS; column n is the direction of stored axis n. offset: the byte of this file after the header.
    data_file: the name of the file beside it that holds the values, None if they follow. skip: the bytes before the
    values in that file; -1 if they are its last. packed: by zlib.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    directions: NDArray[np.float64]
    origin_mm: NDArray[np.float64]
    spacing_mm: tuple[float, float, float] | None
    oriented: bool
    offset: int
    data_file: str | None
    skip: int
    packed: bool


def parse(head: bytes) -> MetaHeader:
    """Return what a header states; raise DataError for one that is damaged or whose values cannot be read.

    head: the first bytes of a file, as far as the line ElementDataFile.
    """
    fields, offset = _lines(head)
    _check_kind(fields)
    spacing = _numbers(fields, 3, "elementspacing", "elementsize")
    matrix = _numbers(fields, 9, "transformmatrix", "orientation", "rotation")
    origin = _numbers(fields, 3, "offset", "position", "origin")
    unit_mm = _unit_mm(fields)
    packed, skip = _is_true(fields, "compresseddata"), _skip(fields)
    if packed and skip:
        raise DataError("unreadable", "HeaderSize of a compressed file is not read; store it without")
    return MetaHeader(
        shape=_shape(fields),
        dtype=_dtype(fields),
        directions=np.eye(3) if matrix is None else matrix.reshape(3, 3).T,
        origin_mm=np.zeros(3) if origin is None else origin * unit_mm,
        spacing_mm=None if spacing is None else _lengths(spacing * unit_mm),
        oriented=matrix is not None,
        offset=offset,
        data_file=_data_file(fields["elementdatafile"]),
        skip=skip,
        packed=packed,
    )


def _lines(head: bytes) -> tuple[dict[str, str], int]:
    """Return the fields, by names in lower case, and the offset of what follows them."""
    end = LAST.search(head)
    if end is None:
        raise DataError("unreadable", "not a MetaImage: the header has no line ElementDataFile")
    lines = head[: end.end()].decode("utf-8", "replace").splitlines()
    pairs = [line.partition("=") for line in lines if line.strip()]
    if any(not separator for _, separator, _ in pairs):
        raise DataError("unreadable", "not a MetaImage: the header has lines other than `Key = Value`")
    return {key.strip().lower(): value.strip() for key, _, value in pairs}, end.end()


def _check_kind(fields: Mapping[str, str]) -> None:
    """Raise DataError for what is no volume of one binary number for each voxel."""
    if fields.get("objecttype", "Image").lower() != "image":
        raise DataError("unreadable", f"expected ObjectType Image, found {fields['objecttype'][:80]!r}")
    if fields.get("ndims") != "3":
        detail = f"expected NDims = 3, found {fields.get('ndims', '')[:80]!r}; split or join it to one volume"
        raise DataError("not a volume", detail)
    if fields.get("elementnumberofchannels", "1") != "1":
        detail = f"ElementNumberOfChannels is {fields['elementnumberofchannels'][:80]!r}; store one number each voxel"
        raise DataError("colour volume", detail)
    if not _is_true(fields, "binarydata", default="true"):
        raise DataError("unreadable", "values as text (BinaryData = False) are not read; store them as binary")


def _shape(fields: Mapping[str, str]) -> tuple[int, int, int]:
    lengths = fields.get("dimsize", "").split()
    if len(lengths) != 3 or not all(re.fullmatch(r"0*[1-9]\d{0,9}", text) for text in lengths):
        raise DataError("unreadable", f"expected three lengths as DimSize, found {' '.join(lengths)[:80]!r}")
    x, y, z = (int(text) for text in lengths)
    check_axes((x, y, z))
    return x, y, z


def _dtype(fields: Mapping[str, str]) -> np.dtype[Any]:
    name = fields.get("elementtype", "")
    code = TYPES.get(name.lower().removeprefix("met_"))
    if code is None:
        raise DataError("unreadable", f"the ElementType {name[:80]!r} is not read; store one number for each voxel")
    big = _is_true(fields, "binarydatabyteordermsb") or _is_true(fields, "elementbyteordermsb")
    return np.dtype(code).newbyteorder(">" if big else "<")


def _numbers(fields: Mapping[str, str], count: int, *names: str) -> NDArray[np.float64] | None:
    """Return the numbers of the first of several fields that the header has; None if it has none of them."""
    name = next((name for name in names if name in fields), None)
    if name is None:
        return None
    try:
        numbers = np.array([float(text) for text in fields[name].split()])
    except ValueError:
        numbers = np.empty(0)
    if numbers.size != count or not np.isfinite(numbers).all():
        raise DataError("unreadable", f"expected {count} numbers as {name}, found {fields[name][:80]!r}")
    return numbers


def _lengths(spacing_mm: NDArray[np.float64]) -> tuple[float, float, float]:
    x_mm, y_mm, z_mm = (float(length) for length in spacing_mm)
    if min(x_mm, y_mm, z_mm) <= 0 or math.isinf(max(x_mm, y_mm, z_mm)):
        raise DataError("unreadable", f"expected a positive ElementSpacing, found {x_mm:g}, {y_mm:g}, {z_mm:g}")
    return x_mm, y_mm, z_mm


def _unit_mm(fields: Mapping[str, str]) -> float:
    unit = fields.get("distanceunits", "mm").lower()
    if unit not in UNITS_MM:
        raise DataError("unreadable", f"expected mm, cm or um as DistanceUnits, found {unit[:80]!r}")
    return UNITS_MM[unit]


def _skip(fields: Mapping[str, str]) -> int:
    text = fields.get("headersize", "0")
    skip = int(text) if re.fullmatch(r"-1|\d{1,9}", text) else -2
    if not -1 <= skip <= MAX_OFFSET:
        raise DataError("unreadable", f"expected -1 to {MAX_OFFSET} bytes as HeaderSize, found {text[:80]!r}")
    return skip


def _data_file(name: str) -> str | None:
    """Return the name of the file with the values; None if they follow the header."""
    if name.upper() == "LOCAL":
        return None
    if not name or name.upper().startswith("LIST") or "%" in name:
        raise DataError("detached values", f"values in several files ({name[:80]!r}) are not read; store one .mha file")
    if re.search(r"[/\\:]", name) or name in (".", ".."):
        raise DataError(
            "detached values", f"expected the values beside this file, not {name[:80]!r}; store one .mha file"
        )
    return name


def _is_true(fields: Mapping[str, str], name: str, default: str = "false") -> bool:
    return fields.get(name, default).lower() in ("true", "t", "1", "yes")
