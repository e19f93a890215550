"""A source opened: its image and the maps of its tasks in memory, of one size, with remarks on what is strange.

A case is a 2D image, or a whole canonical volume; `plane` cuts either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from job.datasets import geometry, placement
from job.datasets.layers import Layer, check_same_size, mask_file, named, read_image, read_map
from job.datasets.ledger import axis_of
from job.datasets.sample import Axis, Spacing
from job.datasets.source import Source
from job.errors import DataError
from job.storage import InputCache
from job.study.dataset import Dataset

OBLIQUE_DEGREES = 10.0


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A line for the ledger: on one task, or on the image."""

    task: str | None
    kind: Literal["error", "warning"]
    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """image: HxW[x3] or XYZ. maps: the values of each task that can be used, HxW or XYZ of the same size."""

    axis: Axis
    count: int
    image: NDArray[Any]
    maps: dict[str, NDArray[Any]]
    remarks: tuple[Remark, ...]
    spacing: Spacing | None

    def plane(self, values: NDArray[Any], index: int) -> NDArray[Any]:
        """Give slice `index` of the image or of a map."""
        return values if self.axis == "none" else np.ascontiguousarray(geometry.slice_at(values, self.axis, index))


class LastVolume:
    """Holds the volume that was opened last, and no other: consecutive chunks read the same one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: tuple[object, Case] | None = None

    def open(self, dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Case:
        """Open a source, or give the held case if it is the same."""
        if not source.is_volume:
            return open_case(dataset, source, cache, max_image_px)
        asked = (dataset, source, max_image_px)
        with self._lock:
            if self._held is None or self._held[0] != asked:
                self._held = None  # first, so that memory never holds two
                self._held = (asked, open_case(dataset, source, cache, max_image_px))
            return self._held[1]


def open_case(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Case:
    """Read a source; DataError where the image cannot be used, a remark for each task whose mask cannot."""
    axis = axis_of(dataset, source)
    image = read_image(dataset, source, cache, max_image_px)
    layers = {source.file.address: image} if source.is_volume else {}
    remarks = list(_volume_remarks(image))
    maps: dict[str, NDArray[Any]] = {}
    for task in dataset.tasks:
        try:
            layer = read_map(dataset, source, task, cache, max_image_px, layers)
            with named(mask_file(dataset, source, task), "mask"):
                remarks.extend(_compare(image, layer, task))
            maps[task] = _placed(image, layer)
        except DataError as error:
            remarks.append(Remark(task=task, kind="error", reason=error.reason, detail=error.detail))
    grid = image.header.grid if image.header else None
    return Case(
        axis=axis,
        count=grid.slice_count(axis) if grid else 1,
        image=image.values,
        maps=maps,
        remarks=tuple(remarks),
        spacing=grid.spacing(axis) if grid else None,
    )


def _volume_remarks(image: Layer) -> Iterator[Remark]:
    if image.header is None:
        return
    degrees = image.header.grid.oblique_degrees
    if degrees > OBLIQUE_DEGREES:
        detail = f"the affine is turned by {degrees:.1f} degrees; slices follow the nearest axis, nothing is resampled"
        yield Remark(task=None, kind="warning", reason="oblique volume", detail=detail)
    if not image.header.oriented:
        detail = "the header has neither sform nor qform; the axes are taken as NIfTI's convention orders them (LAS)"
        yield Remark(task=None, kind="warning", reason="orientation unknown", detail=detail)


def _compare(image: Layer, mask: Layer, task: str) -> Iterator[Remark]:
    """Refuse a map that does not fit; remark on one that lies elsewhere, or has holes."""
    if image.header is None or mask.header is None:
        check_same_size(image.values.shape[:2], mask.values.shape[:2])
    elif strange := placement.check(image.header, mask.header):
        reason, detail = strange
        yield Remark(task=task, kind="warning", reason=reason, detail=detail)
    if image is not mask and mask.values.dtype.kind == "f" and np.isnan(mask.values).any():
        detail = f"{np.count_nonzero(np.isnan(mask.values))} values of the map are NaN; they count as not above"
        yield Remark(task=task, kind="warning", reason="NaN in mask", detail=detail)


def _placed(image: Layer, mask: Layer) -> NDArray[Any]:
    if image.header is None or mask.header is None:
        return mask.values
    return placement.placed(mask.values, image.header, mask.header)
