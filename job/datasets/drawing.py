"""A task's map from a file of named segments: 2 where the object is, 1 where only another segment is, else 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from job import storage
from job.datasets.doubt import Doubt
from job.datasets.formats.segments import coco
from job.datasets.formats.segments.reading import read_segmentation
from job.datasets.formats.segments.segment import Segment, check_frame, chosen
from job.datasets.formats.volume import VolumeHeader
from job.datasets.labels import joined
from job.errors import DataError, NoMaskError
from job.storage import FileInfo
from job.study.task import ANY, Task

Draw = Callable[[Segment], tuple[NDArray[np.bool_], tuple[Doubt, ...]]]
"""Returns a segment on the grid of an image, HxW or XYZ, and what is doubtful about it there."""


class Drawing:
    """The segments of one file on the grid of one image."""

    def __init__(self, segments: Sequence[Segment], draw: Draw, doubts: tuple[Doubt, ...] = ()) -> None:
        self.segments = segments
        self.doubts = doubts
        self._draw = draw
        self._labelled: NDArray[np.bool_] | None = None
        self._undrawn: list[Doubt] = []

    @property
    def names(self) -> frozenset[str]:
        """The names of all segments."""
        return frozenset(segment.name for segment in self.segments)

    def map_of(self, task: Task) -> tuple[NDArray[np.uint8], tuple[Doubt, ...]]:
        """Return a task's map and what is doubtful about its segments; NoMaskError if the file has none of them."""
        if task.label is None:
            detail = f"`{task.rule}` needs a map of values, but this file has named segments: state `label`"
            raise DataError("no map of values", detail)
        drawn = [self._draw(segment) for segment in self._meant(task)]
        truth = np.logical_or.reduce([mask for mask, _ in drawn])
        doubts = tuple(doubt for _, of_segment in drawn for doubt in of_segment)
        return joined([(truth, truth | self._others(truth.shape))], "union"), (*self.doubts, *self._undrawn, *doubts)

    def _meant(self, task: Task) -> list[Segment]:
        """Return the segments that a task's labels mean. Not every file has each of them."""
        labels = (ANY,) if task.label == ANY else task.labels
        missing: list[str] = []
        meant: list[Segment] = []
        for label in labels:
            try:
                meant.extend(segment for segment in chosen(self.segments, label) if segment not in meant)
            except NoMaskError as error:
                missing.append(error.detail)
        if not meant:
            raise NoMaskError("no such segment", "; ".join(missing) or "the file has no segments")
        return meant

    def _others(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return the pixels of any segment. They are drawn once, for all tasks.

        One that cannot be drawn, such as an isocentre among regions of interest, spoils no task but its own.
        """
        if self._labelled is None:
            self._labelled = np.zeros(shape, bool)
            for segment in self.segments:
                try:
                    self._labelled |= self._draw(segment)[0]
                except DataError as error:
                    self._undrawn.append(Doubt(reason="segment not drawn", detail=f"{segment.name}: {error.detail}"))
        return self._labelled


def drawing(file: FileInfo, image: str, size: tuple[int, ...], header: VolumeHeader | None) -> Drawing:
    """Read a local file of segments, to be drawn on an image.

    image: its address below the root. size, header: HW and None, or XYZ and the header of a volume.
    """
    if header is None:
        return _instances(file, image, size)
    segmentation = read_segmentation(file)
    if segmentation is None:
        raise DataError("unreadable", "expected DICOM SEG, DICOM RTSTRUCT or .seg.nrrd for the segments of a volume")
    check_frame(header.frame, segmentation.frame)

    def draw(segment: Segment) -> tuple[NDArray[np.bool_], tuple[Doubt, ...]]:
        drawn = segmentation.drawn(segment, header.grid)
        return drawn.mask_XYZ, drawn.doubts

    return Drawing(segmentation.segments, draw, segmentation.doubts)


def _instances(file: FileInfo, image: str, size: tuple[int, ...]) -> Drawing:
    """Return the instances of a 2D image in a COCO file."""
    content = _coco(file.address, file.size, file.version)
    number, doubts = coco.image_of(content, image)
    height, width = size
    return Drawing(
        content.segments, lambda segment: (coco.drawn(content, number, segment, (height, width)), ()), doubts
    )


@lru_cache(maxsize=1)
def _coco(path: str, size: int, version: str) -> coco.Coco:
    """Return the content of a COCO file. The last one is kept, because it holds the masks of many images."""
    return coco.parse(storage.read(path))
