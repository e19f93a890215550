"""The interface between the evaluation and a model.

A model keeps no state between calls: the state of an image is in `EncodedImage`, the state of a trajectory in
`Prediction.mask_inputs_C`. Requests on any number of objects can therefore share a call, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch  # a plan asks for capabilities, and needs no torch

Image = NDArray[np.uint8]
"""image_HWC: uint8, RGB, 0 to 255, rows first."""


def check_image(image_HWC: NDArray[Any]) -> None:
    """Raise ValueError for what is no `Image`: a mistake of the caller, not of the data."""
    if image_HWC.ndim != 3 or image_HWC.shape[2] != 3 or image_HWC.dtype != np.uint8:
        raise ValueError(f"expected an image HxWx3 of uint8, got {image_HWC.shape} of {image_HWC.dtype}")


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """The prompts that a model accepts. A spec that needs any other is refused before any work.

    mask_input: whether the chosen mask is fed back at the next click. `none`: never; `optional`: if the click protocol
    says so (SAM's low-resolution logits); `always`: at every click (RITM's previous mask).
    """

    points: bool
    boxes: bool
    multimask: bool
    mask_input: Literal["none", "optional", "always"]

    def check(self, request: Request) -> None:
        """Raise ValueError for a request that the model does not accept, or that has neither points nor a box."""
        points, box = len(request.points_N2), request.box_4 is not None
        refused = {
            "points": bool(points) and not self.points,
            "a box": box and not self.boxes,
            "several candidates": request.multimask and not self.multimask,
            "a mask input": request.mask_input is not None and self.mask_input == "none",
        }
        if any(refused.values()):
            names = ", ".join(name for name, is_refused in refused.items() if is_refused)
            raise ValueError(f"this model does not take {names}; its capabilities are {self}")
        if not points and not box:
            raise ValueError("expected a request with at least one point or a box, got neither")
        if len(request.labels_N) != points:
            raise ValueError(f"expected one label for each point, got {len(request.labels_N)} for {points} points")


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedImage:
    """One image after encoding. features: whatever the model needs of it; nothing else reads them."""

    height: int
    width: int
    features: Any = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """One prompt on one image: points, or one box, or both, within the model's capabilities.

    points_N2: (x, y) in pixels of the image, origin at the centre of the top left pixel; N may be 0 with a box.
    labels_N: 1 positive, 0 negative. box_4: inclusive x0, y0, x1, y1.
    mask_input: the `Prediction.mask_inputs_C` entry of the candidate that was chosen at the last click.
    multimask: whether to return three candidates.
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

    All tensors are on the model's device, and nothing has waited for them.

    masks_CHW: bool, at the image's own size. predicted_iou_C: the model's own estimate, float32 or float64, or None for
    a model without one. mask_inputs_C: the mask input of the next request if that candidate is chosen, each None for a
    model without mask input. finite: bool, no axes: whether all that the network returned for this request is finite
    (`job.models.finite`); None if the model does not say, and then its predicted IoU tells. If it is not, the
    evaluation raises DataError, as for parts of another shape or type than stated here.
    """

    masks_CHW: torch.Tensor = field(repr=False)
    predicted_iou_C: torch.Tensor | None
    mask_inputs_C: Sequence[Any] = field(repr=False)
    finite: torch.Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Need:
    """Estimated memory for images of one size, in bytes, on the model's device and beyond its weights.

    encode: the most that encoding one image takes. image: held for each encoded image. episode: held for each object
    from one click to the next. predict: returns the most that a call with so many requests takes.
    """

    encode: int
    image: int
    episode: int
    predict: Callable[[int], int]


class PromptableModel(Protocol):
    """A model that segments one object from points or a box.

    One whose encodings are worth storing between runs also has `encoding`, see `job.models.embedding`.
    """

    @property
    def capabilities(self) -> Capabilities:
        """The prompts that this model accepts."""
        ...

    @property
    def encode_batch(self) -> int:
        """The number of images that one pass of the encoder takes; more are encoded in several passes."""
        ...

    def prepare(self, image_HWC: Image) -> Any:
        """Do the host's part of encoding one image, such as resizing it. It may run in any thread.

        Raise DataError for an image that the model cannot take.
        """
        ...

    def encode(self, prepared: Sequence[Any]) -> list[EncodedImage]:
        """Encode what `prepare` returned, images of any sizes, and return them in order. Called once for each image."""
        ...

    def predict(self, requests: Sequence[Request]) -> list[Prediction]:
        """Return one prediction per request, in order, on any mixture of images, without waiting for the device.

        The caller limits their number.
        """
        ...

    def needs(self, height: int, width: int) -> Need:
        """Estimate the memory for images of this size. Work that does not fit is divided, or left out beforehand."""
        ...
