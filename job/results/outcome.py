"""One row of the tables before it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from job.datasets.sample import Sample, TaskObject
from job.prompts.boxes import Box
from job.prompts.modes import Point

Status = Literal["ok", "converged", "exhausted", "target"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """The state of an episode after one step.

    An episode is one object, one way of prompting and one mask choice. step: the clicks so far, 0 after the box that a
    protocol begins with; 1 for modes. point: the click of a step with
    exactly one point, else None. points, boxes: all prompts so far. mask: COCO run-lengths. mask_index: index of the
    chosen candidate, or None.
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
