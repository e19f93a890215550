"""Single slices of an image without its masks, as a model gets them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from job.datasets import geometry, intensity
from job.datasets.layers import faults_named, read_image
from job.datasets.slicing import axis_of
from job.datasets.source import Source
from job.storage import InputCache
from job.study.dataset import Dataset


def read_slices(
    dataset: Dataset, source: Source, slices: Iterable[int], cache: InputCache, max_image_px: int
) -> dict[int, NDArray[np.uint8]]:
    """Return slices as a model gets them, uint8 HxWx3 in RGB, by number: of a 2D image, 0.

    Raise DataError if the image cannot be used, StorageError if it cannot be read.
    """
    image = read_image(dataset, source, cache, max_image_px)
    with faults_named(source.file, "image"):
        rule = intensity.resolved(dataset.intensity, image.known)
        levels = intensity.levels(image.values, rule) if rule.per == "volume" else None
        axis = axis_of(dataset, source)
        return {
            index: intensity.to_rgb(geometry.plane(image.values, axis, index), rule, levels) for index in set(slices)
        }
