"""From a label map, or from values, to a task's object. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.errors import DataError
from job.study.dataset import Task


def check_labels(values: NDArray[Any]) -> None:
    """Refuse a label map, of any shape, that holds other than whole numbers."""
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.rint(values)).all()):
        strange = values[~(np.isfinite(values) & (values == np.rint(values)))].flat[0]
        raise DataError(
            "labels are no whole numbers", f"found {strange:g}; a map of values takes `above: threshold`, not a label"
        )


def objects(values: NDArray[Any], task: Task, labels: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give truth and labelled, both bool and of the shape of `values`: the task's class, and every class of the map.

    labels: the data set's `labels`; `binary255` counts 255 as 1 and all else as 0. For a threshold both are the same,
    and NaN is not above it.
    """
    if task.above is not None:
        above = np.asarray(values > task.above)
        return above, above
    label_map = values == 255 if labels == "binary255" else values
    labelled = np.asarray(label_map > 0)
    truth = labelled if task.label == "any" else np.isin(label_map, np.asarray(task.label))
    return truth, labelled
