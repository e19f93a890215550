"""Samples, outcomes, and small parts and chunks."""

import numpy as np
import pyarrow as pa

from job.datasets.sample import Sample, Spacing, TaskObject
from job.results.outcome import Outcome

SPACING = Spacing(0.5, 0.75, 3.0)


def task_object(rows, task="lesion"):
    """Draw an object: `task_object(["##.", "..#"])`."""
    truth_HW = np.array([[pixel == "#" for pixel in row] for row in rows])
    return TaskObject(task=task, truth_HW=truth_HW, labelled_HW=truth_HW)


def make_sample(*objects, image="scans/a.nii", index=7, spacing=SPACING):
    """Make a sample of the axial slice `index`."""
    return Sample(
        dataset="Brain",
        modality="MR",
        image=image,
        axis="axial",
        slice=index,
        volume="a",
        patient="p1",
        spacing=spacing,
        intensity="minmax/slice",
        image_HWC=np.zeros((*objects[0].truth_HW.shape, 3), np.uint8),
        objects=objects,
    )


def make_outcome(sample, obj, **changes):
    """Make an outcome of the mode `whole_box`, with the given fields changed."""
    fields = {
        "sample": sample,
        "object": obj,
        "prompt": "whole_box",
        "protocol": "one-shot",
        "mask_choice": "score",
        "step": 1,
        "intersection_px": 3,
        "union_px": 6,
        "predicted_iou": 0.9,
        "mask_index": 2,
        "point": None,
        "status": "ok",
        "points": (),
        "boxes": (),
        "mask": "51",
    }
    return Outcome(**fields | changes)


ROW, OTHER_ROW = pa.table({"x": [1]}), pa.table({"x": [2]})
EMPTY = pa.table({"x": pa.array([], pa.int64())})


def write_part(results, part, *, full=True):
    """Store a part with one row and one prediction."""
    return results.write_part(part, ROW, ROW, {"model": "sam"}, full=full)


def write_chunk(results, chunk, *, full=True):
    """Store a chunk with one object and an empty ledger."""
    results.write_chunk(chunk, ROW, EMPTY, full=full)
