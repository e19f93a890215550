"""Small data sets for the tests: specs, image files written by hand, volumes with known orientation."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform
from numpy.typing import NDArray
from PIL import Image

from job.datasets import load as load_module
from job.datasets.discover import discover
from job.datasets.load import Loaded
from job.datasets.sample import Excluded
from job.storage import InputCache
from job.study.dataset import Dataset

MAX_PX = 10_000_000


def dataset(folder: Path, **changes: Any) -> Dataset:
    """Return a data set of `images/*` and `masks/{name}` below a folder, with one task `object` of any label."""
    defaults = {
        "name": "Test",
        "modality": "MRI",
        "images": f"{folder}/images/*",
        "masks": f"{folder}/masks/{{name}}",
        "tasks": {"object": "any"},
    }
    return Dataset.model_validate(defaults | changes, strict=False)


def load(data: Dataset, folder: Path, slices: Sequence[int] | None = None, max_px: int = MAX_PX) -> Loaded:
    """Load all sources of a data set, with the cache below a folder."""
    loaded = Loaded()
    for source in discover(data):
        source_loaded = load_module.load(data, source, slices, InputCache(folder / "cache", 1 << 30), max_px)
        loaded.samples.extend(source_loaded.samples)
        loaded.left_out.extend(source_loaded.left_out)
    return loaded


def ledger(lines: Iterable[Excluded]) -> list[tuple[int, str | None, str, str]]:
    """Return slice, task, kind and reason of each line."""
    return [(line.slice, line.task, line.kind, line.reason) for line in lines]


def kept(loaded: Loaded) -> list[int]:
    """Return the slices of the samples."""
    return [sample.slice for sample in loaded.samples]


def save(path: Path, values: NDArray[Any], mode: str | None = None) -> Path:
    """Save a 2D image in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values, mode).save(path)
    return path


def pair(folder: Path, image: NDArray[Any], mask: NDArray[Any], name: str = "a.png") -> None:
    """Save a 2D image and its mask."""
    save(folder / "images" / name, image)
    save(folder / "masks" / name, mask)


def grey(height: int = 4, width: int = 6) -> NDArray[np.uint8]:
    """Return an image of the values 0, 1, 2, …"""
    return np.arange(height * width, dtype=np.uint8).reshape(height, width)


def square(height: int = 4, width: int = 6, label: int = 1) -> NDArray[np.uint8]:
    """Return a mask with the label in rows 1 to 2, columns 1 to 2."""
    mask = np.zeros((height, width), np.uint8)
    mask[1:3, 1:3] = label
    return mask


def png(rows: Sequence[bytes], width: int, depth: int, colour: int, height: int | None = None) -> bytes:
    """Return a PNG, written byte by byte.

    height: the header's, if it should differ from the number of rows. colour: 0 grey, 2 RGB, 4 grey and alpha.
    """

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height or len(rows), depth, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiff(
    values_HWC: NDArray[Any],
    *,
    order: str = "<",
    planes: bool = False,
    packed: bool = False,
    photometric: int | None = None,
    orientation: int = 1,
) -> bytes:
    """Return a TIFF, written byte by byte: its strips, then its tags.

    order: < or >. planes: each channel is stored separately. packed: compressed by zlib. photometric:
    0 white is zero, 1 black is zero, 2 RGB; by default 1 or 2. orientation: as in EXIF, 1 is upright.
    """
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
        262: [(2 if channels > 1 else 1) if photometric is None else photometric],
        273: [8 + sum(map(len, strips[:i])) for i in range(len(strips))],
        274: [orientation],
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
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


PLACED = np.array([[1.0, 0, 0, -10], [0, 1, 0, -20], [0, 0, 1, 30], [0, 0, 0, 1]])
"""RAS, 1 mm. Not the identity, which stands for a lost orientation."""


def nifti(path: Path, values: NDArray[Any], affine: NDArray[Any] | None = None, kind: Any = nib.Nifti1Image) -> Path:
    """Save a volume, at `PLACED` if no affine is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(kind(values, PLACED if affine is None else affine), path)
    return path


def without_orientation(path: Path, values: NDArray[Any], zooms: tuple[float, ...] = (1, 1, 1)) -> Path:
    """Save a volume whose header has neither sform nor qform, only the lengths of a voxel, in pixdim."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(values, None)
    image.header.set_zooms(zooms)
    nib.save(image, path)
    return path


def volumes(folder: Path, image: NDArray[Any], mask: NDArray[Any], affine: NDArray[Any] | None = None) -> None:
    """Save a volume and its mask, both as a.nii.gz."""
    nifti(folder / "images" / "a.nii.gz", image, affine)
    nifti(folder / "masks" / "a.nii.gz", mask, affine)


def numbered() -> NDArray[np.int16]:
    """Return a volume of 4 x 5 x 6 voxels with the values 1 to 120, the last index running fastest."""
    return np.arange(1, 121, dtype=np.int16).reshape(4, 5, 6)


def labelled(*slices: int, depth: int = 6, label: int = 1) -> np.ndarray:
    """Return a label map with one voxel in the first of these axial slices, two in the second, and so on."""
    labels = np.zeros((4, 5, depth), np.uint8)
    for width, index in enumerate(slices, start=1):
        labels[:width, 0, index] = label
    return labels


def stored_as(values_RAS: NDArray[Any], codes: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return a volume as stored in another axis order, and its affine.

    Its voxels measure 1 mm to the right, 2 mm to the front, 3 mm upwards.
    """
    affine_RAS = np.diag([1.0, 2.0, 3.0, 1.0])
    affine_RAS[:3, 3] = (-5, -6, -7)
    change = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(tuple(codes)))
    return apply_orientation(values_RAS, change), affine_RAS @ inv_ornt_aff(change, values_RAS.shape)
