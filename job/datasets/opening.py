"""Open a source: read its image and maps, check that they fit, and collect warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job import storage
from job.datasets import placement
from job.datasets.case import Case
from job.datasets.composing import read_shown
from job.datasets.doubt import Doubt
from job.datasets.label_names import with_values
from job.datasets.labels import joined, joined_objects, label_doubts, objects
from job.datasets.layers import Layer, difference_doubts, faults_named, mask_files, read_image
from job.datasets.ledger import Remark
from job.datasets.maps import Held, read_map
from job.datasets.slicing import axis_of
from job.datasets.source import ImageFile, Source
from job.errors import DataError, NoMaskError
from job.storage import InputCache
from job.study.dataset import Dataset

OBLIQUE_DEGREES = 10.0


class LastVolume:
    """Keeps the volume that was opened last, and no other: consecutive chunks read the same volume."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: tuple[object, Case] | None = None

    def open(self, dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Case:
        """Open a source, or return the kept case if it is the same."""
        if not source.is_volume:
            with self._lock:
                self._held = None  # the chunks of its volume are done
            return open_case(dataset, source, cache, max_image_px)
        key = (dataset, source, max_image_px)
        with self._lock:
            if self._held is None or self._held[0] != key:
                self._held = None  # before the next is read, so that memory never holds two volumes
                self._held = (key, open_case(dataset, source, cache, max_image_px))
            return self._held[1]


def open_case(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Case:
    """Read a source. Raise DataError if the image cannot be used; a mask that cannot be used is one of `errors`."""
    dataset = with_values(dataset, source.label_values)
    image = read_image(dataset, source, cache, max_image_px)
    shown = read_shown(dataset, source, image, cache, max_image_px)
    held = Held(image=image)
    if source.is_volume:  # a 2D image may be read differently as a map
        held.layers[source.file.address, getattr(source.file, "inside", ""), ""] = image
    image_doubts = (*image.doubts, *_orientation_doubts(image))
    warnings = [*_remarks(source.file, image_doubts, None), *_header_warnings(image)]
    for channel_file, doubt in shown.doubts:
        warnings.extend(_remarks(channel_file, [doubt], None))
    errors: list[Remark] = []
    empty: list[Remark] = []
    maps = {}
    labels: dict[str, frozenset[int | str]] = {}
    drawn: set[str] = set()
    for task in dataset.tasks:
        placed: list[Layer] = []
        found: set[int | str] = set()
        try:
            for file in mask_files(dataset, source, task):
                mask = read_map(dataset, source, task, file, cache, max_image_px, held)
                with faults_named(file, "mask"):
                    warnings.extend(_mask_warnings(dataset, image, mask, task))
                known = image.doubts if file == source.file else ()
                mask_doubts = (*mask.doubts, *difference_doubts(image, mask, "mask"))
                warnings.extend(_remarks(file, (doubt for doubt in mask_doubts if doubt not in known), task))
                found.update(mask.names or mask.label_px)
                on_image = placement.mask_on_image(image, mask, same_order=dataset.grid == "image")
                placed.append(replace(mask, values=on_image))
        except DataError as error:
            remark = Remark(task=task, reason=error.reason, detail=error.detail)
            (empty if isinstance(error, NoMaskError) else errors).append(remark)
        else:
            maps[task] = _one_map(dataset, task, placed)
            if len(placed) > 1 or placed[0].is_drawn:
                drawn.add(task)
            labels[task] = frozenset(found)
    axis = axis_of(dataset, source)
    grid = image.header.grid if image.header else None
    return Case(
        dataset=dataset,
        source=source,
        axis=axis,
        count=grid.slice_count(axis) if grid else 1,
        spacing=grid.spacing(axis) if grid and image.header and image.header.spaced else None,
        channels=shown.channels,
        maps=maps,
        labels=labels,
        joined=frozenset(drawn),
        errors=tuple(errors),
        empty=tuple(empty),
        warnings=tuple(warnings),
    )


def _one_map(dataset: Dataset, task: str, masks: list[Layer]) -> NDArray[Any]:
    """Return the map of a task: the values of its mask, or several masks joined as `labels.joined` does."""
    if len(masks) == 1:
        return masks[0].values
    named = dataset.named_labels(task)
    pairs = [
        joined_objects(mask.values)
        if mask.is_drawn
        else objects(mask.values, dataset.tasks[task], dataset.labels, named)
        for mask in masks
    ]
    return joined(pairs, dataset.join)


def _remarks(file: ImageFile, doubts: Iterable[Doubt], task: str | None) -> Iterator[Remark]:
    """Yield a remark for each doubt about a file, with the file's address."""
    for doubt in doubts:
        yield Remark(task=task, reason=doubt.reason, detail=f"{storage.public(file.address)}: {doubt.detail}")


def _orientation_doubts(image: Layer) -> Iterator[Doubt]:
    """Yield a doubt if a 2D image is not upright by its orientation tag, which is not applied."""
    if image.orientation != 1:
        detail = (
            f"the orientation tag is {image.orientation}, which viewers apply; the pixels are used as stored: check "
            "that the mask was drawn on them so"
        )
        yield Doubt(reason="orientation tag", detail=detail)


def _header_warnings(image: Layer) -> Iterator[Remark]:
    """Yield warnings on the header of a volume."""
    if image.header is None:
        return
    degrees = image.header.grid.oblique_degrees
    if degrees > OBLIQUE_DEGREES:
        detail = f"the affine is rotated by {degrees:.1f} degrees; slices follow the nearest axis, nothing is resampled"
        yield Remark(task=None, reason="oblique volume", detail=detail)
    if not image.header.oriented:
        codes = image.header.grid.codes
        detail = f"the header states no orientation: {codes} is assumed, the format's default; `axes` states another"
        yield Remark(task=None, reason="orientation unknown", detail=detail)


def _mask_warnings(dataset: Dataset, image: Layer, mask: Layer, task: str) -> Iterator[Remark]:
    """Yield warnings on a mask; raise DataError if it does not fit on the image."""
    head = placement.on_grid_of(image.head, mask.head) if dataset.grid == "image" else mask.head
    if warning := placement.check(image.head, head):
        reason, detail = warning
        yield Remark(task=task, reason=reason, detail=detail)
    if image is not mask and mask.values.dtype.kind == "f" and np.isnan(mask.values).any():
        detail = f"{np.count_nonzero(np.isnan(mask.values))} values of the map are NaN; they count as not above"
        yield Remark(task=task, reason="NaN in mask", detail=detail)
    if dataset.tasks[task].rule == "label" and not mask.is_drawn:
        named = dataset.named_labels(task)
        for doubt in label_doubts(mask.label_px, named, dataset.tasks[task], dataset.labels):
            yield Remark(task=task, reason=doubt.reason, detail=doubt.detail)
