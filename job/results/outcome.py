"""One row before it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from job.datasets.sample import Sample, TaskObject
from job.prompts.modes import Point
from job.prompts.regions import Box

Status = Literal["ok", "converged", "exhausted", "target"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """An episode after one step: one row of the tables.

    An episode is one object, one way of prompting, one mask choice. point: the step's click, or None when the step gave
    other than one point. points, boxes: all that the model was given. mask: COCO run-lengths. mask_index: which
    candidate was taken, or None.
    """

    sample: Sample
    object: TaskObject
    prompt: str
    protocol: str
    mask_choice: str
    step: int
    intersection_px: int
    union_px: int
    predicted_iou: float | None
    mask_index: int | None
    point: Point | None
    status: Status
    points: tuple[Point, ...]
    boxes: tuple[Box, ...]
    mask: str = field(repr=False)
