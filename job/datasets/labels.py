"""From a label map, or a map of values, to a task's object. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.counting import as_in_memory, flat_blocks, histogram
from job.datasets.doubt import Doubt
from job.errors import DataError
from job.study.files import AtLeast, Join
from job.study.task import ANY, Task

ROUNDING = 1e-6
"""Distance from a whole number, as a share of it, that float32 arithmetic leaves."""
MOST_LABELS = 1 << 16
BRIGHT, FEWEST_GREYS = 128, 3
"""A binary mask that was smoothed holds one bright label and at least so many others."""


def one_channel(values: NDArray[Any]) -> NDArray[Any]:
    """Return the HxW values of a 2D map stored as HxW or HxWx3; raise DataError if the channels differ."""
    if values.ndim == 2:
        return values
    differing = np.argwhere((values != values[..., :1]).any(axis=-1))
    if len(differing):
        row, column = differing[0]
        raise DataError(
            "colour mask",
            f"expected one label for each pixel, a grey or palette image; at row {row}, column {column} the channels "
            f"are {', '.join(str(value) for value in values[row, column])}",
        )
    return np.ascontiguousarray(values[..., 0])


def as_colours(values: NDArray[Any]) -> NDArray[np.int32]:
    """Return the HxW colours of a 2D map, HxWx3 RGB or HxW grey, each as the number that `task.colour_value` returns.

    Raise DataError for anything but 8 bits a channel.
    """
    if values.dtype != np.uint8 or values.shape[2:] not in ((), (3,)):
        raise DataError("no colours", f"expected a picture of 8 bits a channel for `colour`, found {values.dtype}")
    channels = np.broadcast_to(np.atleast_3d(values), (*values.shape[:2], 3)).astype(np.int32)
    return np.asarray(channels @ np.array([1 << 16, 1 << 8, 1], np.int32))


def as_labels(values: NDArray[Any], step: float = 0.0) -> tuple[NDArray[Any], tuple[Doubt, ...]]:
    """Return the whole numbers of a label map, of any shape, and a doubt if it had to be rounded.

    step: the header's slope where integers are stored with one, else 0: half of it is what storing may have moved a
    label by. Raise DataError if a value is further than that, and than 1e-6 of itself, from a whole number.
    """
    if values.dtype.kind != "f":
        return values, ()
    if all(_are_whole(block) for block in flat_blocks(values)):
        return values, ()
    whole = np.rint(values)
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN, which is refused below
        distance = np.abs(values - whole)
    rounded = distance <= ROUNDING * np.maximum(np.abs(whole), 1) + step / 2  # False for NaN
    if not rounded.all():
        raise DataError(
            "labels are not whole numbers",
            f"found {float(values[~rounded].flat[0])!r}; a map of values needs `above: threshold`, not a label",
        )
    largest = float(distance.max())
    return whole, (Doubt(reason="labels rounded", detail=f"labels lie up to {largest!r} from whole numbers"),)


def _are_whole(values: NDArray[Any]) -> bool:
    whole = np.rint(values)
    return bool(np.array_equal(whole, values) and np.isfinite(whole).all())


def label_doubts(counts: Mapping[int, int], named: frozenset[int], task: Task, rule: str) -> Iterator[Doubt]:
    """Yield doubts that the values of a label map raise. counts: its pixels of each label. rule: the set's `labels`.

    named: every label that the tasks of this map name.
    """
    labels = set(counts) - {0}
    wanted = {255} if rule == "binary255" else set(named)
    if (labels == {1} and wanted == {255}) or (labels == {255} and wanted == {1} and task.label != ANY):
        yield Doubt(
            reason="another label",
            detail=f"the only label is {min(labels)}, the spec names {min(wanted)}: masks of 0/1 and of 0/255 differ",
        )
    if not labels or (task.label != ANY and rule != "binary255"):
        return
    main = max(labels, key=lambda label: counts[label])
    greys = labels - {main}
    if main >= BRIGHT and len(greys) >= FEWEST_GREYS and max(labels) <= 255:
        detail = (
            f"{sum(counts[grey] for grey in greys)} pixels have {len(greys)} values beside 0 and {main}, as in a mask "
            "that was resized, smoothed or stored as JPEG; `above: 127` reads such a mask"
        )
        yield Doubt(reason="grey values in a label map", detail=detail)


def label_counts(values: NDArray[Any]) -> Counter[int]:
    """Count the pixels of each value of a map of whole numbers. A map of a huge range gives its extremes alone."""
    values = as_in_memory(values)
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    extremes = Counter({label: int(np.count_nonzero(values == label)) for label in (low, high)})
    if high - low >= MOST_LABELS or extremes.total() == values.size:  # most maps hold no more than two values
        return +extremes
    total = np.zeros(high - low + 1, np.int64)
    for block in flat_blocks(values):
        total += histogram(block.astype(np.int64) - low if low else block, len(total))
    return Counter({low + int(offset): int(total[offset]) for offset in np.flatnonzero(total)})


def joined(maps: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]], join: Join) -> NDArray[np.uint8]:
    """Join the truth and labelled pixels of several masks of one image: 2 where truth, 1 where only labelled, else 0.

    maps: pairs as `objects` returns them, all of one shape. join: a pixel counts if any mask has it, if more than half
    of them have it, or if at least a number of them have it.
    """
    least = join.at_least if isinstance(join, AtLeast) else len(maps) // 2 + 1 if join == "majority" else 1
    truth, labelled = (sum(mask.astype(np.int32) for mask in masks) >= least for masks in zip(*maps, strict=True))
    return np.asarray(truth.astype(np.uint8) * 2 | labelled.astype(np.uint8)).clip(max=2).astype(np.uint8)


def joined_objects(values: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return truth and labelled of a map that `joined` made, as `objects` does."""
    return values == 2, values > 0


def objects(
    values: NDArray[Any], task: Task, labels: str, named: frozenset[int] = frozenset()
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return truth and labelled, both bool and of the shape of `values`: the task's class, and every class of the map.

    labels: the data set's `labels`; `binary255` counts 255 as 1 and everything else as 0. named: the labels that tasks
    of this map name; they are classes too where they are 0 or negative. For a threshold, labelled is the truth. NaN is
    not above a threshold.
    """
    if task.above is not None:
        above = np.asarray(values > task.above)
        return above, above
    label_map = values == 255 if labels == "binary255" and task.colour is None else values
    labelled = np.asarray(label_map > 0)
    if hidden := [label for label in named if label <= 0]:
        labelled = labelled | np.isin(label_map, hidden)
    truth = labelled if task.label == ANY else np.isin(label_map, np.asarray(task.label_values))
    return truth, labelled
