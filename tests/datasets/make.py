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
from job.datasets import Excluded, Sample
from job.spec.study import Dataset
from job.storage import InputCache

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
    return [item for source in datasets.discover(data) for item in datasets.load(data, source, slices, cache, max_px)]


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


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def nifti(path: Path, values: NDArray[Any], affine: NDArray[Any] | None = None, kind: Any = nib.Nifti1Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(kind(values, np.eye(4) if affine is None else affine), path)
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
