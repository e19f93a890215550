"""Open a source: read its image and maps, check that they fit, and collect warnings."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

import numpy as np

from job.datasets import placement
from job.datasets.case import Case
from job.datasets.layers import Layer, faults_named, mask_file, read_image, read_map
from job.datasets.ledger import Remark
from job.datasets.slicing import axis_of
from job.datasets.source import Source
from job.errors import DataError
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
            return open_case(dataset, source, cache, max_image_px)
        key = (dataset, source, max_image_px)
        with self._lock:
            if self._held is None or self._held[0] != key:
                self._held = None  # before the next is read, so that memory never holds two volumes
                self._held = (key, open_case(dataset, source, cache, max_image_px))
            return self._held[1]


def open_case(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Case:
    """Read a source. Raise DataError if the image cannot be used; a mask that cannot be used is one of `errors`."""
    image = read_image(dataset, source, cache, max_image_px)
    layers = {source.file.address: image} if source.is_volume else {}  # a 2D image may be read differently as a map
    warnings = list(_header_warnings(image))
    errors: list[Remark] = []
    maps = {}
    for task in dataset.tasks:
        try:
            mask = read_map(dataset, source, task, cache, max_image_px, layers)
            with faults_named(mask_file(dataset, source, task), "mask"):
                warnings.extend(_mask_warnings(image, mask, task))
            maps[task] = placement.mask_on_image(image, mask)
        except DataError as error:
            errors.append(Remark(task=task, reason=error.reason, detail=error.detail))
    axis = axis_of(dataset, source)
    grid = image.header.grid if image.header else None
    return Case(
        dataset=dataset,
        source=source,
        axis=axis,
        count=grid.slice_count(axis) if grid else 1,
        spacing=grid.spacing(axis) if grid else None,
        image=image.values,
        maps=maps,
        errors=tuple(errors),
        warnings=tuple(warnings),
    )


def _header_warnings(image: Layer) -> Iterator[Remark]:
    """Yield warnings on the header of a volume."""
    if image.header is None:
        return
    degrees = image.header.grid.oblique_degrees
    if degrees > OBLIQUE_DEGREES:
        detail = f"the affine is rotated by {degrees:.1f} degrees; slices follow the nearest axis, nothing is resampled"
        yield Remark(task=None, reason="oblique volume", detail=detail)
    if not image.header.oriented:
        detail = "the header has neither sform nor qform; NIfTI's default axis order (LAS) is assumed"
        yield Remark(task=None, reason="orientation unknown", detail=detail)


def _mask_warnings(image: Layer, mask: Layer, task: str) -> Iterator[Remark]:
    """Yield warnings on a mask; raise DataError if it does not fit on the image."""
    if warning := placement.check(image.head, mask.head):
        reason, detail = warning
        yield Remark(task=task, reason=reason, detail=detail)
    if image is not mask and mask.values.dtype.kind == "f" and np.isnan(mask.values).any():
        detail = f"{np.count_nonzero(np.isnan(mask.values))} values of the map are NaN; they count as not above"
        yield Remark(task=task, reason="NaN in mask", detail=detail)
