"""The text header of an NRRD file (teem.sourceforge.net/nrrd/format.html). Pure.

It is parsed here, not by pynrrd, which opens any file that a header names and unpacks without a bound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from job.datasets.sizes import check_axes
from job.errors import DataError

MAGIC = re.compile(rb"NRRD000[1-5]\r?\n")
END = re.compile(rb"\r?\n\r?\n")
ENCODINGS = {"raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
NUMBERS = {
    "i1": "signed char|int8|int8_t",
    "u1": "uchar|unsigned char|uint8|uint8_t",
    "i2": "short|short int|signed short|signed short int|int16|int16_t",
    "u2": "ushort|unsigned short|unsigned short int|uint16|uint16_t",
    "i4": "int|signed int|int32|int32_t",
    "u4": "uint|unsigned int|uint32|uint32_t",
    "i8": "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t",
    "u8": "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t",
    "f4": "float",
    "f8": "double",
}
TYPES = {name: code for code, names in NUMBERS.items() for name in names.split("|")}
NOT_SAMPLES = ("list", "time", "vector", "point", "color", "matrix", "quaternion", "gradient", "complex", "normal")
"""What the kinds of axes contain along which no voxels lie."""
MAX_AXES = 16  # as Teem allows
DETACHED = "the values lie in another file; store header and values as one .nrrd file"


@dataclass(frozen=True, kw_only=True, eq=False)
class NrrdHeader:
    """What the text states.

    sizes: of all axes, the fastest first. domain: the three axes along which voxels lie. offset: the byte at which the
    values start. fields: by name in lower case; keys: the key/value pairs.
    """

    dtype: np.dtype[Any]
    sizes: tuple[int, ...]
    domain: tuple[int, ...]
    encoding: str
    offset: int
    fields: Mapping[str, str]
    keys: Mapping[str, str]

    @property
    def shape(self) -> tuple[int, int, int]:
        """The voxels along the three axes of the volume."""
        x, y, z = (self.sizes[axis] for axis in self.domain)
        return x, y, z

    @property
    def value_bytes(self) -> int:
        """The bytes of all values, unpacked."""
        return math.prod(self.sizes) * self.dtype.itemsize


def parse(head: bytes) -> NrrdHeader:
    """Return what a header states; raise DataError for one that is damaged or whose values cannot be read.

    head: the first bytes of a file, as far as the empty line that ends the header.
    """
    fields, keys, offset = _lines(head)
    sizes = _sizes(fields)
    return NrrdHeader(
        dtype=_dtype(fields),
        sizes=sizes,
        domain=_domain(fields, len(sizes)),
        encoding=_encoding(fields),
        offset=offset,
        fields=fields,
        keys=keys,
    )


def vectors(text: str) -> list[list[float] | None]:
    """Return the vectors of a field such as `(1,0,0) none (0,0,2)`; None where an axis has none."""
    parts = re.findall(r"\(([^()]*)\)|(none)", text, re.IGNORECASE)
    try:
        found = [None if none else [float(number) for number in numbers.split(",")] for numbers, none in parts]
    except ValueError:
        raise _damaged(f"vectors {text[:80]!r}") from None
    # pynrrd writes vectors of NaN where an axis has none
    return [None if vector is None or all(map(math.isnan, vector)) else vector for vector in found]


def _lines(head: bytes) -> tuple[dict[str, str], dict[str, str], int]:
    """Return fields, key/value pairs, and the offset of the values."""
    magic, end = MAGIC.match(head), END.search(head)
    if not magic:
        raise DataError("unreadable", "not an NRRD file")
    text = (head[: end.start()] if end else head)[magic.end() :].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    for line in (line for line in re.split(r"\r?\n", text) if line and not line.startswith("#")):
        match = re.match(r"(.+?)(:=|:)(.*)", line, re.DOTALL)
        if match is None:
            raise _damaged(f"line {line[:80]!r}")
        name, separator, value = match.groups()
        into, key = (keys, name) if separator == ":=" else (fields, name.strip().lower())
        if key in into:
            raise _damaged(f"header: it states {key[:80]!r} twice")
        into[key] = value.strip()
    if "data file" in fields or "datafile" in fields:
        raise DataError("detached values", DETACHED)
    if end is None:
        raise DataError("unreadable", f"truncated: the header does not end within {len(head)} bytes")
    return fields, keys, end.end()


def _dtype(fields: Mapping[str, str]) -> np.dtype[Any]:
    name = fields.get("type", "").lower()
    if name not in TYPES:
        raise _damaged(f"type {name[:80]!r}; expected a type of whole or floating-point numbers")
    dtype = np.dtype(TYPES[name])
    endian = fields.get("endian", "little" if dtype.itemsize == 1 else "").lower()
    if endian not in ("little", "big"):
        raise _damaged(f"endian {endian[:80]!r}; expected little or big")
    return dtype.newbyteorder("<" if endian == "little" else ">")


def _sizes(fields: Mapping[str, str]) -> tuple[int, ...]:
    text = fields.get("sizes", "")
    sizes = tuple(int(size) for size in text.split()[: MAX_AXES + 1] if size.isdecimal() and len(size) < MAX_AXES)
    if len(sizes) != len(text.split()) or not 0 < len(sizes) <= MAX_AXES or min(sizes) < 1:
        raise _damaged(f"sizes {text[:80]!r}")
    check_axes(sizes)
    if fields.get("dimension") != str(len(sizes)):
        raise _damaged(f"dimension {fields.get('dimension', '')[:80]!r} of the sizes {text[:80]!r}")
    return sizes


def _encoding(fields: Mapping[str, str]) -> str:
    name = fields.get("encoding", "").lower()
    if name not in ENCODINGS:
        raise DataError("unreadable", f"the encoding {name[:80]!r} is not read; store it as raw, gzip or bzip2")
    for skip in ("line skip", "lineskip", "byte skip", "byteskip"):
        if fields.get(skip, "0") != "0":
            raise DataError("unreadable", f"a header with `{skip}` is not read; store the file without it")
    return ENCODINGS[name]


def _domain(fields: Mapping[str, str], count: int) -> tuple[int, ...]:
    """Return the axes along which voxels lie: those with a space direction; without any, by their kinds."""
    directions = vectors(fields.get("space directions", ""))
    kinds = fields.get("kinds", "").lower().split()
    if directions and len(directions) != count:
        raise _damaged(f"space directions {fields['space directions'][:80]!r} of {count} axes")
    domain = tuple(
        axis
        for axis in range(count)
        if (directions[axis] if directions else axis >= len(kinds) or not any(k in kinds[axis] for k in NOT_SAMPLES))
    )
    if len(domain) != 3:
        raise DataError("not a volume", f"expected 3 axes of voxels, found {len(domain)} among {count}")
    return domain


def _damaged(what: str) -> DataError:
    return DataError("unreadable", f"an NRRD header with the {what}")
