"""A case: the image of one source and the maps of its tasks in memory, all of one size.

A case is a 2D image or a whole volume in canonical axis order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets import geometry, labels
from job.datasets.channels import Channel, Levels, label_of, to_rgb, with_values
from job.datasets.ledger import Remark
from job.datasets.sample import Axis, Spacing, TaskObject
from job.datasets.source import Source
from job.study.dataset import Dataset


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """An opened source.

    count: slices along `axis`, 1 for a 2D image. channels: what is shown: the image, HxW[x3] or XYZ, or red, green and
    blue. maps: by task, the values from which its object is made, HxW or XYZ of
    the image's size; those of tasks in `joined` are as `labels.joined` returns them. A task with an error has no map,
    and neither has one without a mask, which is in `empty`. labels: by task, those in its masks, unless it takes values
    above a threshold. warnings: on what is used but doubtful.
    """

    dataset: Dataset
    source: Source
    axis: Axis
    count: int
    spacing: Spacing | None
    channels: tuple[Channel, ...]
    maps: dict[str, NDArray[Any]]
    labels: dict[str, frozenset[int | str]]
    joined: frozenset[str]
    errors: tuple[Remark, ...]
    empty: tuple[Remark, ...]
    warnings: tuple[Remark, ...]

    def plane(self, values: NDArray[Any], index: int) -> NDArray[Any]:
        """Return slice `index` of the image or of a map: HxW, or the whole of a 2D image."""
        return geometry.plane(values, self.axis, index)

    @property
    def intensity(self) -> str:
        """The intensity rule as stored in the rows, such as `window(40,400)/slice`."""
        return label_of(self.channels)

    def levels(self) -> tuple[Levels | None, ...]:
        """Return, for each channel, the values that become 0 and 255 in the whole volume, where its rule wants that."""
        return tuple(channel.volume_levels() for channel in self.channels)

    def shown(self, index: int) -> tuple[Channel, ...]:
        """Return the channels of one slice, or of a 2D image."""
        return tuple(with_values(channel, self.plane(channel.values, index)) for channel in self.channels)

    def rgb(self, index: int, levels: Sequence[Levels | None]) -> NDArray[np.uint8]:
        """Return one slice, or a 2D image, as uint8 RGB, HxWx3. levels: as `levels` returns them."""
        return to_rgb(self.shown(index), levels)

    def objects(self, index: int) -> tuple[TaskObject, ...]:
        """Return the objects in one slice."""
        present = []
        for task, values in self.maps.items():
            plane = self.plane(values, index)
            if task in self.joined:
                truth_HW, labelled_HW = labels.joined_objects(plane)
            else:
                named = self.dataset.named_labels(task)
                truth_HW, labelled_HW = labels.objects(plane, self.dataset.tasks[task], self.dataset.labels, named)
            if truth_HW.any():
                present.append(TaskObject(task=task, truth_HW=truth_HW, labelled_HW=labelled_HW))
        return tuple(present)

    def object_px(self, index: int) -> int:
        """Return how many pixels of one slice belong to the object of any task."""
        truths = [obj.truth_HW for obj in self.objects(index)]
        return int(np.logical_or.reduce(truths).sum()) if truths else 0

    def tasks_present(self) -> set[str]:
        """Return the tasks whose object occurs in any slice."""
        return {obj.task for index in range(self.count) for obj in self.objects(index)}
