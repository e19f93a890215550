"""The metadata of Zarr files, versions 2 and 3: which array is meant, how it is packed, and what OME-Zarr says of it.

Metadata are read here, as JSON, before any of it reaches zarr-python: codecs that would run code are never looked up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from job.datasets.formats.ome import Axis, axes_of, images_of, level_of
from job.datasets.sizes import as_text, check_axes
from job.errors import DataError, printable

V3, V2_ARRAY, V2_GROUP, V2_ATTRIBUTES = "zarr.json", ".zarray", ".zgroup", ".zattrs"
METADATA = (V3, V2_ARRAY, V2_GROUP, V2_ATTRIBUTES)
MOST_METADATA = 1 << 22
COMPRESSORS = frozenset({"blosc", "gzip", "zlib", "zstd", "lz4"})
"""Those whose unpacked size can be known before they are unpacked."""
HARMLESS = frozenset({"bytes", "endian", "transpose", "crc32c", "crc32", "adler32", "fletcher32", "shuffle", "delta"})
AXES = {5: "tczyx", 4: "czyx", 3: "zyx", 2: "yx"}
"""The axes of an array that states none, by their number."""
SPACE = frozenset("zyx")
XARRAY_NAMES = "_ARRAY_DIMENSIONS"
Read = Callable[[str], bytes | None]
"""Return the content of a file by its path below the root of a Zarr file; None if it is not there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """An array, as its metadata declare it. path: below the root, "" for the root. compressor: "" for none.

    images: how many images of OME-Zarr may have been meant, of which this is the first.
    """

    path: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    compressor: str
    axes: tuple[Axis, ...] = ()
    key_prefix: str = ""
    separator: str = "/"
    is_v3: bool = True
    images: int = 1
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def chunk_bytes(self) -> int:
        """The bytes of one chunk, unpacked."""
        return math.prod(self.chunks) * self.dtype.itemsize

    @property
    def chunk_count(self) -> int:
        """How many chunks the array has if all are stored."""
        return math.prod(self.grid)

    def is_chunk(self, name: str) -> bool:
        """Return whether a file is one of the array's chunks, by its name below the array."""
        if not name.startswith(self.key_prefix):
            return False
        numbers = name.removeprefix(self.key_prefix).split(self.separator)
        return len(numbers) == len(self.grid) and all(
            number.isdecimal() and int(number) < count for number, count in zip(numbers, self.grid, strict=True)
        )

    @property
    def grid(self) -> tuple[int, ...]:
        """How many chunks the array has along each axis."""
        return tuple(-(-length // step) for length, step in zip(self.shape, self.chunks, strict=True))


def find(read: Read, name: str) -> Node:
    """Return the array that a name means: itself, or level 0 of an image of OME-Zarr. "" is the root.

    Raise DataError if there is none, or if it is stored in a way that is not read.
    """
    path = name.strip("/")
    try:
        metadata = _metadata(read, path)
        if metadata is None:
            raise DataError("array missing", f"no array {name!r}; name one of the file's arrays after `#`")
        if not _is_array(metadata):
            level = level_of(metadata["attributes"])
            if level is None:
                detail = "which array is meant is not stated" if not path else f"{name!r} is a group"
                raise DataError("array missing", f"{detail}, and no image of OME-Zarr; name an array after `#`")
            array = f"{path}/{level['path']}".strip("/")
            node = _node(array, _metadata(read, array), axes_of(metadata["attributes"], level))
            return replace(node, images=len(images_of(metadata["attributes"])))
        parent, _, last = path.rpartition("/")
        group = _metadata(read, parent) if path else None
        level = level_of(group["attributes"], last) if group and not _is_array(group) else None
        return _node(path, metadata, axes_of(group["attributes"], level) if group and level else ())
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise DataError("unreadable", f"damaged metadata: {printable(str(error))[:200]}") from None


def ancestors(path: str) -> list[str]:
    """Return the paths of the groups above an array, the root first."""
    parts = path.split("/") if path else []
    return ["/".join(parts[:count]) for count in range(len(parts))]


def _metadata(read: Read, path: str) -> dict[str, Any] | None:
    """Return what is stated of an array or group: of version 3, or of version 2 with its attributes beside it."""
    folder = f"{path}/" if path else ""
    if content := read(folder + V3):
        stated = _json(content)
        return {"attributes": {}, **stated, "version": 3}
    array, group = read(folder + V2_ARRAY), read(folder + V2_GROUP)
    if array is None and group is None:
        return None
    stated = _json(array or group or b"")
    attributes = _json(read(folder + V2_ATTRIBUTES) or b"{}")
    return {**stated, "attributes": attributes, "version": 2, "node_type": "array" if array else "group"}


def _json(content: bytes) -> dict[str, Any]:
    if len(content) > MOST_METADATA:
        raise DataError("unreadable", f"metadata of over {MOST_METADATA >> 20} MiB")
    stated = json.loads(content)
    if not isinstance(stated, dict):
        raise ValueError("expected an object")
    return stated


def _is_array(metadata: Mapping[str, Any]) -> bool:
    return metadata.get("node_type") == "array"


def _node(path: str, metadata: dict[str, Any] | None, axes: tuple[Axis, ...]) -> Node:
    """Return an array after the checks of how it is stored."""
    if metadata is None or not _is_array(metadata):
        raise DataError("array missing", f"no array {path!r}, which the metadata name")
    is_v3 = metadata["version"] == 3
    shape = _lengths(metadata["shape"])
    grid = metadata["chunk_grid"]["configuration"]["chunk_shape"] if is_v3 else metadata["chunks"]
    codecs = _codecs(metadata, is_v3)
    refused = [name for name in codecs if name not in COMPRESSORS and name not in HARMLESS]
    if refused or sum(name in COMPRESSORS for name in codecs) > 1 or metadata.get("storage_transformers"):
        named = ", ".join(printable(name)[:80] for name in refused or codecs) or "storage transformers"
        raise DataError(
            "unreadable", f"packed by {named}, which is not read: expected one of {', '.join(sorted(COMPRESSORS))}"
        )
    dtype = np.dtype(metadata["data_type"] if is_v3 else metadata["dtype"])
    if dtype.kind not in "buif" or dtype.itemsize > 8:
        raise DataError("not a volume", f"expected whole or floating-point numbers, the array holds {dtype}")
    chunks = _lengths(grid)
    if len(chunks) != len(shape) or len(axes or AXES.get(len(shape), "")) != len(shape):
        raise DataError("not a volume", f"expected 2 to 5 axes, as of OME-Zarr, the array's shape is {as_text(shape)}")
    prefix, separator = _keys(metadata, is_v3)
    return Node(
        path=path,
        shape=shape,
        chunks=chunks,
        dtype=dtype.newbyteorder("="),
        compressor=next((name for name in codecs if name in COMPRESSORS), ""),
        axes=axes or tuple(Axis(name=name) for name in _names(metadata) or AXES[len(shape)]),
        key_prefix=prefix,
        separator=separator,
        is_v3=is_v3,
        attributes=metadata["attributes"],
    )


def _names(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of axes that an array itself states, as version 3 and xarray have them; () if they tell nothing.

    Raise DataError for names of which only some are known: which axis is that of rows would be a guess.
    """
    stated = metadata.get("dimension_names") or metadata["attributes"].get(XARRAY_NAMES) or ()
    names = tuple(str(name).lower() for name in stated)
    if not SPACE & set(names):
        return ()
    if len(names) != len(metadata["shape"]) or not {"y", "x"} <= set(names) or len(set(names)) != len(names):
        shown = printable(", ".join(names))[:200]
        raise DataError("not a volume", f"expected axes named z, y and x, or by none of these; the array has {shown}")
    return names


def _lengths(stated: Any) -> tuple[int, ...]:
    lengths = tuple(stated)
    if not lengths or not all(type(length) is int and length > 0 for length in lengths):
        raise ValueError(f"lengths {str(stated)[:80]}")
    check_axes(lengths)
    return lengths


def _codecs(metadata: Mapping[str, Any], is_v3: bool) -> list[str]:
    """Return the names of all codecs through which a chunk goes."""
    stated = metadata["codecs"] if is_v3 else [*(metadata.get("filters") or []), metadata.get("compressor")]
    return [str(codec["name" if is_v3 else "id"]).removeprefix("numcodecs.") for codec in stated if codec is not None]


def _keys(metadata: Mapping[str, Any], is_v3: bool) -> tuple[str, str]:
    """Return what the names of chunks begin with, and what parts their numbers."""
    if not is_v3:
        return "", metadata.get("dimension_separator") or "."
    encoding = metadata["chunk_key_encoding"]
    is_default = encoding["name"] == "default"
    separator = (encoding.get("configuration") or {}).get("separator") or ("/" if is_default else ".")
    return ("c" + separator if is_default else ""), separator
