"""The interface between the evaluation and a model.

A model is batch-first and keeps no state between calls: the state of an image is in `EncodedImage`, the state of a
trajectory in `Prediction.mask_inputs_C`. So any number of objects advance together, in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""image_HWC: uint8, RGB, 0 to 255, rows first."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a model takes. A spec that asks for anything else is refused before any work.

    mask_input: whether the mask taken before is fed back. `none`: never; `optional`: where the click protocol says so
    (SAM's low-resolution logits); `always`: at every click (RITM's previous mask).
    """

    points: bool
    boxes: bool
    multimask: bool
    mask_input: Literal["none", "optional", "always"]

    def check(self, request: Request) -> None:
        """Raise ValueError for a request that this model does not take, or that points at nothing."""
        points, box = len(request.points_N2), request.box_4 is not None
        refused = {
            "points": bool(points) and not self.points,
            "a box": box and not self.boxes,
            "several candidates": request.multimask and not self.multimask,
            "a mask input": request.mask_input is not None and self.mask_input == "none",
        }
        if any(refused.values()):
            told = ", ".join(what for what, is_refused in refused.items() if is_refused)
            raise ValueError(f"this model does not take {told}; its capabilities are {self}")
        if not points and not box:
            raise ValueError("expected a request with at least one point or a box, got neither")
        if len(request.labels_N) != points:
            raise ValueError(f"expected one label for each point, got {len(request.labels_N)} for {points} points")


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedImage:
    """One image as its model wants to keep it. `features` is the model's own affair."""

    height: int
    width: int
    features: Any = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """One prompt on one image: points, or one box, or both; `Capabilities.check` refuses what a model does not take.

    points_N2: (x, y) in pixels of the image, origin at the centre of the top left pixel; N may be 0 with a box.
    labels_N: 1 positive, 0 negative. box_4: inclusive x0, y0, x1, y1.
    mask_input: the `Prediction.mask_inputs_C` entry of the candidate that was taken before.
    """

    image: EncodedImage
    points_N2: NDArray[np.int32]
    labels_N: NDArray[np.int32]
    box_4: NDArray[np.int32] | None = None
    mask_input: Any = field(default=None, repr=False)
    multimask: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """The candidates for one request: three with `multimask`, else one.

    masks_CHW: bool, at the image's own size, on the model's device (see `job.models.device` for what reads it).
    predicted_iou_C: the model's own estimate, float64, or None for a model without one.
    mask_inputs_C: what to feed back if that candidate is taken; entries are None for a model without mask input.
    """

    masks_CHW: torch.Tensor = field(repr=False)
    predicted_iou_C: NDArray[np.float64] | None
    mask_inputs_C: Sequence[Any] = field(repr=False)


class PromptableModel(Protocol):
    """A model that outlines what it is pointed at."""

    @property
    def capabilities(self) -> Capabilities:
        """What this model takes."""
        ...

    def encode(self, images: Sequence[Image]) -> list[EncodedImage]:
        """Prepare images of any sizes, in order. Called once for each image, whatever is asked of it."""
        ...

    def predict(self, requests: Sequence[Request]) -> list[Prediction]:
        """Answer requests on any mixture of images, in order. The caller bounds their number."""
        ...
