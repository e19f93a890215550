"""One file at a time, 2D or a volume: its size from the header, and its values as an image or as a task's map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from job import storage
from job.datasets import fit, sizes
from job.datasets.doubt import Doubt
from job.datasets.expected import expected_masks
from job.datasets.formats import parquet, raster, volumes
from job.datasets.formats.kind import kind_of
from job.datasets.formats.volume import VolumeHeader, canonical_header, canonical_volume
from job.datasets.generated import SIDE
from job.datasets.generated.generate import generate
from job.datasets.known import NOTHING, Known
from job.datasets.sample import Axis
from job.datasets.slicing import axis_of
from job.datasets.source import GeneratedImage, ImageFile, Kind, Source
from job.errors import AbsentError, DataError, MemoryShortageError, NoMaskError
from job.storage import FileInfo, InputCache
from job.study.dataset import Dataset
from job.study.files import AtLeast


@dataclass(frozen=True, eq=False)
class Head:
    """What the first bytes of a file state. size: HW and no header, or XYZ (RAS+) with the volume's header."""

    size: tuple[int, ...]
    header: VolumeHeader | None


@dataclass(frozen=True, eq=False)
class Layer:
    """The values of one file: HxW[x3] and no header, or XYZ (RAS+) with the volume's header.

    orientation: the tag of a 2D file, 1 to 8 as in EXIF; it is not applied. label_px: pixels of each label, of a map
    that is read for its labels. is_drawn: whether the values are those of `labels.joined`, on the image's grid; names:
    then those of all segments of the file. known: what the header says about the values.
    """

    values: NDArray[Any]
    header: VolumeHeader | None
    doubts: tuple[Doubt, ...] = ()
    orientation: int = 1
    label_px: Mapping[int, int] = field(default_factory=dict)
    known: Known = NOTHING
    is_drawn: bool = False
    names: frozenset[str] = frozenset()

    @property
    def head(self) -> Head:
        """The size and header alone."""
        return Head(self.values.shape if self.header else self.values.shape[:2], self.header)


def read_head(dataset: Dataset, source: Source, file: ImageFile, cache: InputCache, max_image_px: int) -> Head:
    """Read the size of an image or mask; raise DataError if it is too large."""
    check_link(file)
    if isinstance(file, FileInfo) and kind(source, file) == "volume":
        header = _checked(volumes.read_header(file, source.axes), axis_of(dataset, source), max_image_px)
        _check_room(dataset, source, file, header)
        return Head(header.grid.shape_XYZ, header)
    size = (SIDE, SIDE) if isinstance(file, GeneratedImage) else raster.image_size(file, cache)
    sizes.check_plane(*size, max_image_px)
    return Head(size, None)


def read_image(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Layer:
    """Read the image of a source."""
    with faults_named(source.file, "image"):
        check_is_image(source)
        return read_layer(dataset, source, source.file, cache, max_image_px)


def mask_files(dataset: Dataset, source: Source, task: str) -> tuple[ImageFile, ...]:
    """Return the mask files of a task; raise DataError if there are none, or too few or too many to join.

    NoMaskError, which is one, if the spec allows it (`unlabelled`, `join: single`).
    """
    files = source.masks[task]
    names = [storage.public(file.address) for file in files]
    if not files:
        expected = " or ".join(storage.public(address) for address in expected_masks(dataset, source, task))
        kind = DataError if dataset.unlabelled == "error" else NoMaskError
        faults = dict.fromkeys(map(storage.fault_of_archive, expected_masks(dataset, source, task)))
        why = "".join(f"; the archive is {fault}" for fault in faults if fault)
        raise kind("mask missing", f"expected a file at {expected}{why}")
    if dataset.join == "single" and len(files) > 1:
        raise NoMaskError("several masks", f"expected one (`join: single`), found {', '.join(names)}")
    if isinstance(dataset.join, AtLeast) and len(files) < dataset.join.at_least:
        detail = f"expected at least {dataset.join.at_least} (`join`), found {', '.join(names)}"
        raise DataError("too few masks", detail)
    return files


def check_link(file: ImageFile) -> None:
    """Raise DataError for a link that leads nowhere, and for what cannot be used of an archive."""
    for each in (file, *file.members) if isinstance(file, FileInfo) else ():
        if each.refusal:
            raise DataError("unreadable", each.refusal)
        if each.dead_link:
            raise DataError("dead link", f"a link to {each.dead_link}, where nothing is; was the data set fetched?")


def check_is_image(source: Source) -> None:
    """Raise DataError if the image is a file of segments."""
    if source.kind == "segments":
        raise DataError("unreadable", "a file of segments, not an image; leave it out by `except`")


def check_same_kind(source: Source, other: ImageFile, role: str = "mask") -> None:
    """Raise DataError if only one of image and mask, or channel, is a volume."""
    of_other = kind(source, other)
    if of_other != source.kind and of_other != "segments":
        raise DataError("size mismatch", f"of image and {role}, one is a volume and the other a 2D image")


def kind(source: Source, file: ImageFile) -> Kind:
    """Return what a file of a source holds."""
    return source.kind if file == source.file or isinstance(file, GeneratedImage) else kind_of(file)


@contextmanager
def faults_named(file: ImageFile, role: str, unlabelled: str = "error") -> Iterator[None]:
    """Add the file's address, and its role, such as image or mask, to the errors raised inside the block.

    unlabelled: what the spec says of masks that are missing.
    """
    try:
        yield
    except DataError as error:
        reason = f"unreadable {role}" if error.reason == "unreadable" else error.reason
        kind = NoMaskError if isinstance(error, NoMaskError) else DataError
        if isinstance(error, AbsentError) and role == "mask":
            reason, kind = "mask missing", DataError if unlabelled == "error" else NoMaskError
        raise kind(reason, f"{storage.public(file.address)}: {error.detail}") from None
    except OSError as error:
        raise storage.storage_error(error, file.address, "read") from None
    except MemoryShortageError as error:
        raise MemoryShortageError(f"{storage.public(file.address)}: {error}") from None
    except MemoryError:
        address, remedy = storage.public(file.address), MemoryShortageError.remedy
        raise MemoryShortageError(f"{address}: memory ran out while this {role} was read; {remedy}") from None


def read_layer(
    dataset: Dataset, source: Source, file: ImageFile, cache: InputCache, max_image_px: int, *, labels: bool = False
) -> Layer:
    """Read a whole file. labels: as a label map, so that a palette image gives its indices, not its colours."""
    check_link(file)
    if isinstance(file, GeneratedImage):
        sizes.check_plane(SIDE, SIDE, max_image_px)
        image_HW, labels_HW = generate(file.seed, file.patient, file.slice)
        return Layer(labels_HW if labels else image_HW, None)
    local = file if _is_read_in_place(file) else cache.local_file(file)
    if kind(source, file) == "volume":
        stored = volumes.read_stored(local)
        header = _checked(canonical_header(stored, source.axes), axis_of(dataset, source), max_image_px)
        _check_room(dataset, source, file, header)
        volume = canonical_volume(volumes.read_values(local), stored, source.axes)
        doubts = (*volume.header.doubts, *(() if labels else volume.header.image_doubts))
        return Layer(volume.values_XYZ, volume.header, doubts, known=volume.header.known)
    read = raster.read_mask if labels else raster.read_image
    picture = read(local, max_image_px)
    return Layer(picture.values, None, picture.doubts, picture.orientation, known=picture.known)


def _is_read_in_place(file: FileInfo) -> bool:
    """Return whether a file in a store is not copied: of a Parquet file, a few row groups are read."""
    return parquet.is_cell(file) and storage.local_path(file.address) is None


def _checked(header: VolumeHeader, axis: Axis, max_image_px: int) -> VolumeHeader:
    """Return the header of a volume; raise DataError if a slice or the volume is too large."""
    sizes.check_plane(*header.grid.slice_size(axis), max_image_px)
    sizes.check_volume(header.grid.shape_XYZ, max_image_px)
    return header


def _check_room(dataset: Dataset, source: Source, file: ImageFile, header: VolumeHeader) -> None:
    """Raise MemoryShortageError if an image or a mask does not fit into memory."""
    is_image = file == source.file or any(file in files for files in source.channels.values())
    fit.check_volume(header.grid, header.value_bytes, dataset.intensity if is_image else None)


def difference_doubts(image: Layer, other: Layer, what: str) -> Iterator[Doubt]:
    """Yield a doubt if the orientation tags of a 2D image and another file on it differ; no tag counts as 1."""
    if image.orientation != other.orientation:
        detail = (
            f"the orientation tag of the image is {image.orientation}, of the {what} {other.orientation}; the pixels "
            "of both are used as stored: check that they show the same"
        )
        yield Doubt(reason="orientation tags differ", detail=detail)
