"""Small files and specs for the tests."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform
from numpy.typing import NDArray
from PIL import Image

from job import datasets
from job.datasets import Excluded, Sample, Source
from job.storage import InputCache
from job.study.dataset import Dataset

MAX_PX = 10_000_000


def dataset(folder: Path, **changes: Any) -> Dataset:
    """A data set of `images/*` and `masks/{name}` below a folder, one task `object`, any label."""
    given = {
        "name": "Test",
        "modality": "MRI",
        "images": f"{folder}/images/*",
        "masks": f"{folder}/masks/{{name}}",
        "tasks": {"object": "any"},
    }
    return Dataset.model_validate(given | changes, strict=False)


def load(data: Dataset, folder: Path, slices: Sequence[int] | None = None, max_px: int = MAX_PX) -> list[Any]:
    """Everything that a data set of few files gives."""
    cache = InputCache(folder / "cache", 1 << 30)
    return [item for source in datasets.discover(data) for item in items(data, source, slices, cache, max_px)]


def items(data: Dataset, source: Source, slices: Sequence[int] | None, cache: InputCache, max_px: int) -> list[Any]:
    """The samples of a source, then its lines of the ledger."""
    loaded = datasets.load(data, source, slices, cache, max_px)
    return [*loaded.samples, *loaded.left_out]


def samples(items: list[Any]) -> list[Sample]:
    return [item for item in items if isinstance(item, Sample)]


def ledger(items: list[Any]) -> list[tuple[int, str | None, str, str]]:
    """The lines of the ledger in short: slice, task, kind, reason."""
    return [(item.slice, item.task, item.kind, item.reason) for item in items if isinstance(item, Excluded)]


def save(path: Path, values: NDArray[Any], mode: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values, mode).save(path)
    return path


def pair(folder: Path, image: NDArray[Any], mask: NDArray[Any], name: str = "a.png") -> None:
    """An image with its mask."""
    save(folder / "images" / name, image)
    save(folder / "masks" / name, mask)


def grey(height: int = 4, width: int = 6) -> NDArray[np.uint8]:
    """An image of the values 0, 1, 2, …"""
    return np.arange(height * width, dtype=np.uint8).reshape(height, width)


def square(height: int = 4, width: int = 6, label: int = 1) -> NDArray[np.uint8]:
    """A mask with the label in rows 1 to 2, columns 1 to 2."""
    mask = np.zeros((height, width), np.uint8)
    mask[1:3, 1:3] = label
    return mask


def png(rows: Sequence[bytes], width: int, depth: int, colour: int, height: int | None = None) -> bytes:
    """A PNG written by hand; `height` may claim more rows than there are. colour: 0 grey, 2 RGB, 4 grey and alpha."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height or len(rows), depth, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiff(values_HWC: NDArray[Any], *, order: str = "<", planes: bool = False, packed: bool = False) -> bytes:
    """A TIFF written by hand: its strips, then its tags. order: < or >. planes: each channel apart. packed: by zlib."""
    height, width, channels = values_HWC.shape
    kind = values_HWC.dtype.newbyteorder(order)
    arrays = [values_HWC[..., i] for i in range(channels)] if planes else [values_HWC]
    strips = [array.astype(kind).tobytes() for array in arrays]
    strips = [zlib.compress(strip) for strip in strips] if packed else strips
    body, directory = b"".join(strips), b""
    tags = {
        256: [width],
        257: [height],
        258: [8 * kind.itemsize] * channels,
        259: [8 if packed else 1],
        262: [2 if channels > 1 else 1],
        273: [8 + sum(map(len, strips[:i])) for i in range(len(strips))],
        277: [channels],
        278: [height],
        279: [len(strip) for strip in strips],
        284: [2 if planes else 1],
        339: [{"u": 1, "i": 2, "f": 3}[kind.kind]] * channels,
    }
    for tag, numbers in tags.items():
        directory += struct.pack(f"{order}HHI", tag, 4, len(numbers))
        directory += struct.pack(f"{order}I", numbers[0] if len(numbers) == 1 else 8 + len(body))
        body += struct.pack(f"{order}{len(numbers)}I", *numbers) if len(numbers) > 1 else b""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(body))
    return head + body + struct.pack(f"{order}H", len(tags)) + directory + bytes(4)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def nifti(path: Path, values: NDArray[Any], affine: NDArray[Any] | None = None, kind: Any = nib.Nifti1Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(kind(values, np.eye(4) if affine is None else affine), path)
    return path


def without_orientation(path: Path, values: NDArray[Any]) -> Path:
    """A volume whose header has neither sform nor qform."""
    nifti(path, values)
    image = nib.load(path)
    image.set_sform(None)
    image.set_qform(None)
    nib.save(nib.Nifti1Image(values, None, image.header), path)
    return path


def volumes(folder: Path, image: NDArray[Any], mask: NDArray[Any], affine: NDArray[Any] | None = None) -> None:
    """A volume with its mask, as a.nii.gz."""
    nifti(folder / "images" / "a.nii.gz", image, affine)
    nifti(folder / "masks" / "a.nii.gz", mask, affine)


def stored_as(values_RAS: NDArray[Any], codes: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The same anatomy with its axes in another order: array and affine. The RAS volume has 1, 2 and 3 mm voxels."""
    affine_RAS = np.diag([1.0, 2.0, 3.0, 1.0])
    affine_RAS[:3, 3] = (-5, -6, -7)
    change = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(tuple(codes)))
    return apply_orientation(values_RAS, change), affine_RAS @ inv_ornt_aff(change, values_RAS.shape)
