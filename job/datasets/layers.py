"""The values of one file, 2D or volume, as image or as a task's map; faults say which file they are about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from numpy.typing import NDArray

from job import storage
from job.datasets.discover import mask_template
from job.datasets.formats import nifti, raster
from job.datasets.generated import SIDE, generate
from job.datasets.labels import check_labels
from job.datasets.ledger import axis_of
from job.datasets.sample import Axis
from job.datasets.source import GeneratedImage, ImageFile, Source, is_volume
from job.errors import DataError, StorageError
from job.storage import InputCache
from job.study.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Layer:
    """One file's values: HxW[x3] with no header, or XYZ (RAS+) with the volume's header."""

    values: NDArray[Any]
    header: nifti.VolumeHeader | None


def read_image(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Layer:
    """Read a source's image."""
    with named(source.file, "image"):
        return _read(source.file, cache, axis_of(dataset, source), max_image_px)


def read_map(
    dataset: Dataset, source: Source, task: str, cache: InputCache, max_image_px: int, layers: dict[str, Layer]
) -> Layer:
    """Read the values that a task's object is made of. `layers` keeps what was read: tasks share files."""
    file = mask_file(dataset, source, task)
    above = dataset.tasks[task].above is not None
    key = file.address if is_volume(file) else f"{file.address} {'values' if above else 'labels'}"
    with named(file, "mask"):
        if is_volume(file) != source.is_volume:
            raise DataError("size mismatch", "of image and mask, one is a volume and the other a 2D image")
        if key not in layers:
            layers[key] = _read(file, cache, axis_of(dataset, source), max_image_px, labels=not above)
        layer = layers[key]
        if not above:
            check_labels(layer.values)
        return replace(layer, values=raster.one_channel(layer.values)) if layer.header is None else layer


def mask_file(dataset: Dataset, source: Source, task: str) -> ImageFile:
    """Give a task's mask file; DataError where it is missing."""
    file = source.masks.get(task)
    if file is None:
        where = storage.public(mask_template(dataset, task))
        raise DataError("mask missing", f"expected a file at {where}, filled for {source.image}")
    return file


def check_same_size(image: tuple[int, ...], mask: tuple[int, ...]) -> None:
    """Refuse a mask whose size is not the image's: height and width, or the voxels of the canonical volume."""
    if image != mask:
        sizes = [" x ".join(str(length) for length in size) for size in (image, mask)]
        raise DataError("size mismatch", f"the image is {sizes[0]}, the mask {sizes[1]}")


@contextmanager
def named(file: ImageFile, role: Literal["image", "mask"]) -> Iterator[None]:
    """Say which file a fault is about, and whether it is the image or a mask."""
    try:
        yield
    except DataError as error:
        reason = f"unreadable {role}" if error.reason == "unreadable" else error.reason
        raise DataError(reason, f"{storage.public(file.address)}: {error.detail}") from None
    except MemoryError:  # passes, like a store out of reach: another machine may have more
        raise StorageError(f"{storage.public(file.address)}: too little memory to read this {role}") from None


def _read(file: ImageFile, cache: InputCache, axis: Axis, max_image_px: int, *, labels: bool = False) -> Layer:
    if isinstance(file, GeneratedImage):
        raster.check_size(SIDE, SIDE, max_image_px)
        image_HW, labels_HW = generate(file.seed, file.patient, file.slice)
        return Layer(labels_HW if labels else image_HW, None)
    path = cache.local(file)
    if is_volume(file):
        header = nifti.read_header(replace(file, address=str(path)))
        raster.check_size(*header.grid.slice_size(axis), max_image_px)
        nifti.check_size(header.grid, max_image_px)
        volume = nifti.read_volume(path)
        return Layer(volume.values_XYZ, volume.header)
    read = raster.read_mask if labels else raster.read_image
    return Layer(read(path, max_image_px), None)
