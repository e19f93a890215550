"""The outline of a checkpoint: its keys and shapes from its header, without its values. What is unsound is refused.

It is read before torch reads a file, so that a damaged or hostile one costs neither memory nor time; and it suffices to
compare a checkpoint with an architecture.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import safe_open

from job.errors import WeightsError
from job.models import pickled
from job.models.pickled import refuse

MAX_HEADER_BYTES = 1 << 24  # SAM ViT-H has 100 kB
LEGACY_PICKLES = 3
"""The number of pickles before that of the weights in the format before torch 1.6: magic number, version, machine."""


def outline(path: Path, inert: Collection[str] = ()) -> dict[str, Any]:
    """Return what a checkpoint holds, with tensors on the device `meta`, which have a shape and no values.

    Raise WeightsError if the file is missing, damaged, cut short, or holds more than plain weights. Texts, numbers,
    lists and dicts beside tensors are returned as they are, tuples as lists. inert: dotted names of classes and
    functions that the file may name nevertheless; their objects become None.
    """
    read = FORMATS.get(path.suffix.lower())
    if read is None:
        raise WeightsError(
            f"{path}: expected a checkpoint named {', '.join(FORMATS)}; got {path.suffix or 'no suffix'}"
        )
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; correct the model's checkpoint, or download the weights there")
    if path.stat().st_size == 0:
        raise WeightsError(f"{path}: the file is empty (0 bytes); download the weights again")
    try:
        saved = _on_meta(read(path, inert))
    except pickled.ForeignError as error:
        raise WeightsError(
            f"{path}: holds more than plain weights ({error}), so reading it could run code; refused: "
            "from a source that you trust, save its state_dict() alone, or as .safetensors"
        ) from None
    except Exception as error:  # a damaged file raises nearly any exception
        raise damaged(path, error) from error
    if not isinstance(saved, dict):
        raise WeightsError(
            f"{path}: expected a dict of named tensors, got a {type(saved).__name__}; save model.state_dict()"
        )
    return saved


def damaged(path: Path, error: Exception) -> WeightsError:
    """Return the error of a file that cannot be read. error: what the reader raised."""
    reason = str(error) if isinstance(error, pickled.UnsoundError) else type(error).__name__
    return WeightsError(
        f"{path}: damaged, incomplete, or no {path.suffix} checkpoint of plain weights ({reason}, "
        f"{path.stat().st_size:,} bytes); compare its size with the source's and download it again"
    )


def _on_meta(saved: Any, depth: int = 1) -> Any:
    """Turn the tensors of a checkpoint, and of the dicts in it, into tensors without values."""
    if isinstance(saved, pickled.Tensor):
        return torch.empty(saved.shape, device="meta")
    if isinstance(saved, dict) and depth >= 0:
        return {key: _on_meta(value, depth - 1) for key, value in saved.items()}
    return saved


def is_zipped(path: Path) -> bool:
    """Return whether a checkpoint is a ZIP, as torch writes since 1.6. torch decides by the same bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\3\4"


def _pickle(path: Path, inert: Collection[str]) -> Any:
    return _zipped(path, inert) if is_zipped(path) else _legacy(path, inert)


class _Capped(io.FileIO):
    """A file of which no part above the size of a header is read at once, such as a ZIP's directory of gigabytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = os.fstat(self.fileno()).st_size - self.tell() if size is None or size < 0 else size
        if wanted > MAX_HEADER_BYTES:
            refuse("too long to be the header of a checkpoint")
        return super().read(wanted) or b""


def _zipped(path: Path, inert: Collection[str]) -> Any:
    """Read a ZIP of one pickle and an uncompressed record for each storage."""
    with _Capped(path) as file, zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        sizes = {entry.filename: entry.file_size for entry in entries}
        if len(sizes) < len(entries) or any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            refuse("records are compressed, or occur twice")
        (name,) = [name for name in sizes if name.count("/") == 1 and name.endswith("/data.pkl")]
        reader = pickled.Reader(inert)
        saved = reader.read(io.BytesIO(archive.read(name)))
        for storage in reader.storages.values():
            if sizes.get(f"{name.removesuffix('.pkl')}/{storage.key}") != storage.size:
                refuse(f"the record {storage.key} is missing or of another size")
        return saved


def _legacy(path: Path, inert: Collection[str]) -> Any:
    """Read a checkpoint of torch before 1.6: five pickles, then each storage after the number of its elements."""
    with path.open("rb") as file:
        return _five_pickles(file, path.stat().st_size, inert)


def _five_pickles(file: BinaryIO, length: int, inert: Collection[str]) -> Any:
    head = io.BytesIO(file.read(MAX_HEADER_BYTES))
    for _ in range(LEGACY_PICKLES):
        pickled.Reader().read(head)
    reader = pickled.Reader(inert)
    saved = reader.read(head)
    keys = pickled.Reader().read(head)
    position = head.tell()
    for key in keys:
        storage = reader.storages[key]
        file.seek(position)
        (elements,) = struct.unpack("<q", file.read(8))
        if elements * storage.element_bytes != storage.size:
            refuse(f"the storage {key} is of another size")
        position += 8 + storage.size
    if position > length or len(set(keys)) != len(reader.storages):
        refuse("the file ends before its last storage")
    return saved


def _safetensors(path: Path, _inert: Collection[str]) -> Any:
    with path.open("rb") as file:
        if int.from_bytes(file.read(8), "little") > MAX_HEADER_BYTES:
            refuse("too long to be the header of a checkpoint")
    with safe_open(path, framework="pt") as file:
        return {
            key: torch.empty(file.get_slice(key).get_shape(), device="meta")
            for key in file.keys()  # noqa: SIM118 - not a dict
        }


FORMATS: dict[str, Callable[[Path, Collection[str]], Any]] = {
    ".pth": _pickle,
    ".pt": _pickle,
    ".safetensors": _safetensors,
}
