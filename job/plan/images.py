"""Images of a plan, read again: their pixels as the models got them, only if their content is still the planned one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from job.datasets.discover import discover
from job.datasets.pixels import read_slices
from job.datasets.source import GeneratedImage, Source
from job.datasets.written import Geometry, read_geometry
from job.errors import JobError, StorageError
from job.plan.chunks import chunk_name
from job.plan.file import Chunk, Plan, Unit
from job.storage import InputCache
from job.study.dataset import Dataset
from job.study.study import Study

Item = TypeVar("Item")
HIDDEN = "it cannot be read, or has changed since it was planned"


@dataclass(frozen=True, kw_only=True)
class PlannedImages:
    """Reads images of a plan.

    study: says how the data sets are read; its addresses are used for images that are no longer where the plan found
    them.
    """

    plan: Plan
    study: Study
    cache: InputCache

    def read(self, dataset: str, image: str, slices: Iterable[int]) -> dict[int, NDArray[np.uint8]]:
        """Return slices of an image, uint8 HxWx3 in RGB, by number: of a 2D image, 0.

        Raise JobError if the image cannot be read, has changed since it was planned, or was read by other settings
        than those of this study.
        """
        most_px = self.study.execution.max_image_px
        return self._opened(
            dataset, image, lambda settings, source, cache: read_slices(settings, source, slices, cache, most_px)
        )

    def geometry(self, dataset: str, image: str) -> Geometry:
        """Return the geometry of a volume. Raise JobError as `read` does, and for a 2D image."""
        return self._opened(dataset, image, read_geometry)

    def _opened(self, dataset: str, image: str, read: Callable[[Dataset, Source, InputCache], Item]) -> Item:
        """Read an image. The error of one whose name is hidden by a pseudonym does not have its address."""
        unit, settings = self._units[dataset, image], self._settings(dataset)
        try:
            return self._read(unit, settings, read)
        except JobError:
            if settings.pseudonymise is None:
                raise
            raise JobError(HIDDEN) from None

    def _read(self, unit: Unit, settings: Dataset, read: Callable[[Dataset, Source, InputCache], Item]) -> Item:
        """Read an image where the plan found it, or else where the study finds it now."""
        try:
            return read(settings, unit.source, self._planned_cache)
        except StorageError:
            moved = self._moved(settings, unit)
            if moved is None:
                raise
        return read(settings, moved, self.cache)

    @cached_property
    def _planned_cache(self) -> InputCache:
        """A cache that refuses files whose content is not the planned one."""
        return replace(self.cache, keys=self.plan.content_keys())

    @cached_property
    def _units(self) -> dict[tuple[str, str], Unit]:
        """A unit of each image: all units of an image have the same source."""
        return {(chunk.dataset, unit.source.image): unit for chunk in self.plan.chunks for unit in chunk.units}

    @cached_property
    def _first_chunks(self) -> dict[str, Chunk]:
        return {chunk.dataset: chunk for chunk in reversed(self.plan.chunks)}

    @cached_property
    def _found(self) -> dict[str, dict[str, Source]]:
        """The sources that a listing found, by data set and image. Filled when they are asked for."""
        return {}

    def _settings(self, name: str) -> Dataset:
        """Return a data set of the study; raise JobError if the plan's chunks were made by other settings."""
        chunk, most_px = self._first_chunks[name], self.study.execution.max_image_px
        dataset = next((dataset for dataset in self.study.datasets if dataset.name == name), None)
        if dataset is None or chunk_name(dataset, chunk, most_px) != chunk.name:
            raise JobError(f"{name}: this spec, or this version of medsam-job, reads it in another way")
        return dataset

    def _moved(self, dataset: Dataset, unit: Unit) -> Source | None:
        """Return the source of an image where the study finds it now; None if it is not there with the same content."""
        try:
            if dataset.name not in self._found:
                self._found[dataset.name] = {}  # of a listing that fails, which is not tried again
                self._found[dataset.name] = {source.image: source for source in discover(dataset)}
            source = self._found[dataset.name].get(unit.source.image)
            is_same = source is not None and self._content(source) == unit.content[0]
        except JobError:
            return None
        return source if is_same else None

    def _content(self, source: Source) -> str:
        """Return the content key of an image."""
        file = source.file
        return file.content_key if isinstance(file, GeneratedImage) else self.cache.content_key(file)
