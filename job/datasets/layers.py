"""One file at a time, 2D or a volume: its size from the header, and its values as an image or as a task's map."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from numpy.typing import NDArray

from job import storage
from job.datasets import sizes
from job.datasets.discover import mask_template
from job.datasets.formats import nifti, raster
from job.datasets.generated import SIDE, generate
from job.datasets.labels import check_labels, one_channel
from job.datasets.sample import Axis
from job.datasets.slicing import axis_of
from job.datasets.source import GeneratedImage, ImageFile, Source, is_volume
from job.errors import DataError, StorageError
from job.storage import FileInfo, InputCache
from job.study.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Head:
    """What the first bytes of a file state. size: HW and no header, or XYZ (RAS+) with the volume's header."""

    size: tuple[int, ...]
    header: nifti.VolumeHeader | None


@dataclass(frozen=True, eq=False)
class Layer:
    """The values of one file: HxW[x3] and no header, or XYZ (RAS+) with the volume's header."""

    values: NDArray[Any]
    header: nifti.VolumeHeader | None

    @property
    def head(self) -> Head:
        """The size and header alone."""
        return Head(self.values.shape if self.header else self.values.shape[:2], self.header)


def read_head(dataset: Dataset, source: Source, file: ImageFile, cache: InputCache, max_image_px: int) -> Head:
    """Read the size of an image or mask; raise DataError if it is too large."""
    if is_volume(file):
        header = _read_volume_header(file, axis_of(dataset, source), max_image_px)
        return Head(header.grid.shape_XYZ, header)
    size = (SIDE, SIDE) if isinstance(file, GeneratedImage) else raster.image_size(file, cache)
    sizes.check_plane(*size, max_image_px)
    return Head(size, None)


def read_image(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Layer:
    """Read the image of a source."""
    with faults_named(source.file, "image"):
        return _read(source.file, cache, axis_of(dataset, source), max_image_px)


def read_map(
    dataset: Dataset, source: Source, task: str, cache: InputCache, max_image_px: int, layers: dict[str, Layer]
) -> Layer:
    """Read the values from which a task's object is made: HxW, or XYZ.

    layers: the maps that were read already. Tasks share files, and each file is read once.
    """
    file = mask_file(dataset, source, task)
    above = dataset.tasks[task].above is not None
    key = file.address if is_volume(file) else f"{file.address} {'values' if above else 'labels'}"
    with faults_named(file, "mask"):
        check_same_kind(source, file)
        if key not in layers:
            layer = _read(file, cache, axis_of(dataset, source), max_image_px, labels=not above)
            layers[key] = layer if layer.header else replace(layer, values=one_channel(layer.values))
        if not above:
            check_labels(layers[key].values)
        return layers[key]


def mask_file(dataset: Dataset, source: Source, task: str) -> ImageFile:
    """Return the mask file of a task; raise DataError if it is missing."""
    file = source.masks.get(task)
    if file is None:
        template = storage.public(mask_template(dataset, task))
        raise DataError("mask missing", f"expected a file at {template}, filled for {source.image}")
    return file


def check_same_kind(source: Source, mask: ImageFile) -> None:
    """Raise DataError if only one of image and mask is a volume."""
    if is_volume(mask) != source.is_volume:
        raise DataError("size mismatch", "of image and mask, one is a volume and the other a 2D image")


@contextmanager
def faults_named(file: ImageFile, role: Literal["image", "mask"]) -> Iterator[None]:
    """Add the file's address, and whether it is the image or a mask, to the errors raised inside the block."""
    try:
        yield
    except DataError as error:
        reason = f"unreadable {role}" if error.reason == "unreadable" else error.reason
        raise DataError(reason, f"{storage.public(file.address)}: {error.detail}") from None
    except MemoryError:  # not the file's fault: like an unavailable store, it may be gone on another machine
        raise StorageError(f"{storage.public(file.address)}: too little memory to read this {role}") from None


def _read(file: ImageFile, cache: InputCache, axis: Axis, max_image_px: int, *, labels: bool = False) -> Layer:
    """Read a whole file. labels: as a label map, so that a palette image gives its indices, not its colours."""
    if isinstance(file, GeneratedImage):
        sizes.check_plane(SIDE, SIDE, max_image_px)
        image_HW, labels_HW = generate(file.seed, file.patient, file.slice)
        return Layer(labels_HW if labels else image_HW, None)
    path = cache.local(file)
    if is_volume(file):
        _read_volume_header(replace(file, address=str(path)), axis, max_image_px)
        volume = nifti.read_volume(path)
        return Layer(volume.values_XYZ, volume.header)
    read = raster.read_mask if labels else raster.read_image
    return Layer(read(path, max_image_px), None)


def _read_volume_header(file: FileInfo, axis: Axis, max_image_px: int) -> nifti.VolumeHeader:
    """Read the header of a volume; raise DataError if a slice or the volume is too large."""
    header = nifti.read_header(file)
    sizes.check_plane(*header.grid.slice_size(axis), max_image_px)
    sizes.check_volume(header.grid.shape_XYZ, max_image_px)
    return header
