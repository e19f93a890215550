"""Zarr files (.zarr, versions 2 and 3), among them OME-Zarr: an array as a stack, such as `a.zarr#labels/liver`.

A Zarr file is a folder; its array's metadata and chunks are its members. zarr-python, which the extra
`medsam-job[zarr]` brings, reads the array from these alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job import storage
from job.datasets.doubt import Doubt
from job.datasets.fit import check_bytes
from job.datasets.formats import zarr_chunks
from job.datasets.formats.blocks import WIDER
from job.datasets.formats.npz_archive import index_of, name_of
from job.datasets.formats.volume import StoredHeader, stack_affine
from job.datasets.formats.zarr_tree import METADATA, MOST_METADATA, Node, Read, ancestors, find
from job.datasets.geometry import along_axes
from job.datasets.sizes import as_text
from job.errors import DataError, printable
from job.storage import FileInfo, damage_named

ENDINGS = (".zarr/",)
NUMBERED = re.compile(r"(?:c[./])?[0-9]+(?:[./][0-9]+)*")
SPACE = "zyx"
CHUNK_GLOBS = ("**", "**/.z*")


def with_members(file: FileInfo) -> FileInfo:
    """Return a Zarr file with the files of the array that is meant; if there is none, with the reason."""
    try:
        node = find(_reader_at(file.address), name_of(file.inside))
    except DataError as error:
        return replace(file, refusal=error.detail)
    found = {each.address: each for folder in ancestors(node.path) for each in _metadata_files(file, folder)}
    folder = storage.join(file.address, node.path) if node.path else file.address.rstrip("/")
    for glob in CHUNK_GLOBS:
        found |= {each.address: each for each in storage.list_files(folder, glob)}
    start = len(file.address)
    members = tuple(replace(found[address], inside=address[start:]) for address in sorted(found))
    return replace(file, members=members, size=sum(member.size for member in members))


def read_header(file: FileInfo) -> StoredHeader:
    """Read shape, type and spacing of an array from the metadata among the members, local or remote."""
    contents = _Contents(file)
    node = contents.node
    kept = _kept_axes(node, index_of(file.inside))
    steps = [node.axes[axis].step_mm if axis is not None else 1.0 for axis in kept]
    spacing = (
        None if None in steps or None in kept else (float(steps[0] or 0), float(steps[1] or 0), float(steps[2] or 0))
    )
    codes = "".join(node.axes[axis].direction for axis in kept if axis is not None)
    oriented = len(codes) == 3
    affine = along_axes(codes, spacing or (1.0, 1.0, 1.0)) if oriented else stack_affine(spacing)
    starts = [node.axes[axis].start_mm if axis is not None else 0.0 for axis in kept]
    affine[:3, 3] = affine[:3, :3] @ (np.array(starts) / np.array(spacing or (1.0, 1.0, 1.0)))
    shape = [node.shape[axis] if axis is not None else 1 for axis in kept]
    return StoredHeader(
        shape=(shape[0], shape[1], shape[2]),
        affine=affine,
        oriented=oriented,
        spacing_mm=spacing,
        slices_first=True,
        value_bytes=2 * _widened(node.dtype).itemsize,  # in chunks, and as one array
        image_doubts=tuple(_doubts(node, contents)),
    )


def read_values(file: FileInfo) -> NDArray[Any]:
    """Read an array of local members: slices, rows, columns. The caller checks its size by `read_header` before."""
    contents = _Contents(file)
    node = contents.node
    check_bytes(file.size + node.chunk_bytes)
    channel = index_of(file.inside)
    kept = _kept_axes(node, channel)
    values = _array(contents)[
        tuple(slice(None) if axis in kept else _index(node, axis, channel) for axis in range(len(node.shape)))
    ]
    order = sorted(axis for axis in kept if axis is not None)
    values = values.transpose([order.index(axis) for axis in kept if axis is not None])
    values = values.astype(_widened(node.dtype), copy=False)
    return values[None] if None in kept else values


class _Contents:
    """The files of an array by their paths below the root."""

    def __init__(self, file: FileInfo) -> None:
        if file.refusal or not file.members:
            raise DataError("unreadable", file.refusal or "a Zarr file without metadata")
        self.files = {member.inside: member for member in file.members}
        self.node = find(self.read, name_of(file.inside))
        self.chunks = dict(self._chunks())

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None if it is not there."""
        return storage.read(self.files[path].address) if path in self.files else None

    def _chunks(self) -> Iterator[tuple[str, FileInfo]]:
        start = f"{self.node.path}/" if self.node.path else ""
        for path, member in self.files.items():
            name = path.removeprefix(start)
            if self.node.is_chunk(name):
                yield path, member
            elif path.startswith(start) and NUMBERED.fullmatch(name):
                numbers = self.node.separator.join("0" * len(self.node.shape))
                expected = f"names such as {self.node.key_prefix}{numbers} in a grid of {as_text(self.node.grid)}"
                raise DataError("unreadable", f"{name[:80]} is no chunk of the array: expected {expected}")


def _reader_at(address: str) -> Read:
    """Return a function that reads the metadata of a Zarr file in any store."""

    def read(path: str) -> bytes | None:
        place = storage.join(address, path)
        return storage.read_head(place, MOST_METADATA + 1) if storage.info(place) else None

    return read


def _metadata_files(file: FileInfo, path: str) -> Iterator[FileInfo]:
    """Yield the files that describe an array or a group."""
    for name in METADATA:
        if described := storage.info(
            storage.join(file.address, path, name) if path else storage.join(file.address, name)
        ):
            yield described


def _array(contents: _Contents) -> NDArray[Any]:
    """Read a whole array by zarr-python, from memory; turn whatever it raises for a damaged one into a DataError."""
    zarr, node = _zarr(), contents.node
    buffer = zarr.buffer.cpu.Buffer.from_bytes
    folder = f"{node.path}/" if node.path else ""
    described = {folder + name: contents.read(folder + name) for name in METADATA}
    stored = {path: buffer(data) for path, data in described.items() if data is not None}
    for path, member in contents.chunks.items():
        data = storage.read(member.address)
        zarr_chunks.check_chunk(data, node.compressor, node.chunk_bytes)
        stored[path] = buffer(data)
    with damage_named():
        store = zarr.storage.MemoryStore(stored, read_only=True)
        values: NDArray[Any] = np.asarray(zarr.open_array(store, path=node.path, mode="r")[...])
    if values.shape != node.shape:
        raise DataError("unreadable", f"damaged: {as_text(values.shape)} values in place of {as_text(node.shape)}")
    return values


def _zarr() -> Any:
    try:
        import zarr
        import zarr.buffer.cpu
        import zarr.storage
    except ImportError:
        raise DataError("unreadable", "Zarr needs zarr: pip install 'medsam-job[zarr]'") from None
    return zarr


def _kept_axes(node: Node, channel: int | None) -> list[int | None]:
    """Return the axes of slices, rows and columns; None in place of slices of an array that has none.

    Raise DataError if another axis has several elements, unless it is that of channels and one of them is meant.
    """
    names = [axis.name for axis in node.axes]
    if not {"y", "x"} <= set(names) or len(set(names)) != len(names):
        raise DataError("not a volume", f"expected axes z, y and x, the array has {printable(', '.join(names))[:200]}")
    for axis, name in enumerate(names):
        length = node.shape[axis]
        if name not in SPACE and length > 1 and (name != "c" or channel is None):
            hint = (
                f"; state `channel`, 0 to {length - 1}" if name == "c" else "; store the one that is meant as an array"
            )
            raise DataError("several volumes", f"{length} elements along the axis {printable(name)[:80]}{hint}")
        if name == "c" and (channel or 0) >= length:
            raise DataError("no such channel", f"the array has {length}, counted from 0; the spec states {channel}")
    return [names.index(name) if name in names else None for name in SPACE]


def _index(node: Node, axis: int, channel: int | None) -> int:
    return (channel or 0) if node.axes[axis].name == "c" else 0


def _doubts(node: Node, contents: _Contents) -> Iterator[Doubt]:
    if node.images > 1:
        detail = f"the first of {node.images} images (multiscales) is used; name the array of another one after `#`"
        yield Doubt(reason="several images", detail=detail)
    missing = node.chunk_count - len(contents.chunks)
    if missing > 0:
        detail = f"{missing} of {node.chunk_count} chunks are not stored; they are read as the array's fill value"
        yield Doubt(reason="chunks not stored", detail=detail)


def _widened(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in memory."""
    return np.dtype(WIDER.get(dtype.name, dtype))
