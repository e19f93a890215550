"""From a label map, or a map of values, to a task's object. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.errors import DataError
from job.study.dataset import Task


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


def check_labels(values: NDArray[Any]) -> None:
    """Raise DataError if a label map, of any shape, holds values that are not whole numbers."""
    if values.dtype.kind != "f":
        return
    whole = np.isfinite(values) & (values == np.rint(values))
    if not whole.all():
        raise DataError(
            "labels are not whole numbers",
            f"found {values[~whole].flat[0]:g}; a map of values needs `above: threshold`, not a label",
        )


def objects(values: NDArray[Any], task: Task, labels: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return truth and labelled, both bool and of the shape of `values`: the task's class, and every class of the map.

    labels: the data set's `labels`; `binary255` counts 255 as 1 and everything else as 0. For a threshold, labelled is
    the truth. NaN is not above a threshold.
    """
    if task.above is not None:
        above = np.asarray(values > task.above)
        return above, above
    label_map = values == 255 if labels == "binary255" else values
    labelled = np.asarray(label_map > 0)
    truth = labelled if task.label == "any" else np.isin(label_map, np.asarray(task.label))
    return truth, labelled
