"""What can be said about a source before a run: from its headers, and from its masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from job.datasets import placement
from job.datasets.formats import nifti, raster
from job.datasets.generated import SIDE
from job.datasets.labels import objects
from job.datasets.layers import Layer, check_same_size, mask_file, named, read_image, read_map
from job.datasets.ledger import axis_of, line
from job.datasets.sample import Excluded
from job.datasets.source import GeneratedImage, ImageFile, Source, is_volume
from job.errors import DataError
from job.storage import InputCache
from job.study.dataset import Dataset

Head = nifti.VolumeHeader | tuple[int, int]


def check_headers(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Iterator[Excluded]:
    """Tell what a run would refuse, from the first bytes of image and masks: readable, small enough, fitting."""
    try:
        with named(source.file, "image"):
            image = _head(dataset, source, source.file, cache, max_image_px)
    except DataError as error:
        yield line(dataset, source, 0, None, "error", error.reason, error.detail)
        return
    heads = {source.file.address: image}
    for task in dataset.tasks:
        try:
            file = mask_file(dataset, source, task)
            with named(file, "mask"):
                if file.address not in heads:  # tasks share masks
                    heads[file.address] = _head(dataset, source, file, cache, max_image_px)
                _check_fit(image, heads[file.address])
        except DataError as error:
            yield line(dataset, source, 0, task, "error", error.reason, error.detail)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a source holds: the tasks whose object occurs, and the files that cannot be used."""

    tasks: set[str] = field(default_factory=set)
    findings: list[Excluded] = field(default_factory=list)


def look_inside(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Content:
    """Read a source whole and report its content."""
    layers: dict[str, Layer] = {}
    content = Content()
    try:
        read_image(dataset, source, cache, max_image_px)
    except DataError as error:
        content.findings.append(line(dataset, source, 0, None, "error", error.reason, error.detail))
        return content
    for name, task in dataset.tasks.items():
        try:
            values = read_map(dataset, source, name, cache, max_image_px, layers).values
        except DataError as error:
            content.findings.append(line(dataset, source, 0, name, "error", error.reason, error.detail))
            continue
        truth, _ = objects(values, task, dataset.labels)
        if truth.any():
            content.tasks.add(name)
    return content


def _head(dataset: Dataset, source: Source, file: ImageFile, cache: InputCache, max_image_px: int) -> Head:
    """Give height and width, or the header of a volume."""
    if is_volume(file):
        header = nifti.read_header(file)
        if source.is_volume:
            raster.check_size(*header.grid.slice_size(axis_of(dataset, source)), max_image_px)
        nifti.check_size(header.grid, max_image_px)
        return header
    size = (SIDE, SIDE) if isinstance(file, GeneratedImage) else raster.image_size(file, cache)
    raster.check_size(*size, max_image_px)
    return size


def _check_fit(image: Head, mask: Head) -> None:
    if isinstance(image, nifti.VolumeHeader) and isinstance(mask, nifti.VolumeHeader):
        placement.check(image, mask)
    else:
        check_same_size(_size(image), _size(mask))


def _size(head: Head) -> tuple[int, ...]:
    return head.grid.shape_XYZ if isinstance(head, nifti.VolumeHeader) else head
