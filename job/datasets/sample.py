"""What a data set becomes: samples to evaluate, and lines of the ledger for what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Axis = Literal["none", "axial", "coronal", "sagittal"]
Kind = Literal["empty", "error", "warning"]


class Spacing(NamedTuple):
    """Millimetres between the centres of neighbouring rows, columns and slices."""

    row_mm: float
    column_mm: float
    slice_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class TaskObject:
    """The object of one task in one image.

    truth_HW: bool, the task's own class, never empty. labelled_HW: bool, every class of the label map that the task was
    read from (the protocol `mazurowski2023` decides the polarity of clicks by it).
    """

    task: str
    truth_HW: NDArray[np.bool_] = field(repr=False)
    labelled_HW: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One 2D image, or one slice of a volume, with at least one object.

    image: address below the data set's root. axis, slice: `none` and 0 for 2D images. spacing: None for 2D images.
    intensity: the rule by which values became uint8, such as `window(40,400)/slice`. image_HWC: uint8, RGB.
    """

    dataset: str
    modality: str
    image: str
    axis: Axis
    slice: int
    volume: str
    patient: str
    spacing: Spacing | None
    intensity: str
    image_HWC: NDArray[np.uint8] = field(repr=False)
    objects: tuple[TaskObject, ...]


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """One line of the ledger.

    kind: `empty` if there is no object, `error` if the data could not be used, `warning` if they were used but are
    doubtful. task: None if the line is about the image.
    """

    dataset: str
    image: str
    axis: Axis
    slice: int
    task: str | None
    kind: Kind
    reason: str
    detail: str
