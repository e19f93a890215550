"""The output of Segment Anything's mask decoder."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskLogits:
    """The mask decoder's output for one request, on the device.

    low_res_CHW: float32, Cx256x256, on the padded square that the encoder saw; the object is where they exceed the
    threshold.
    predicted_iou_C: float32. finite: bool, no axes: whether both are finite.
    """

    low_res_CHW: Tensor = field(repr=False)
    predicted_iou_C: Tensor
    finite: Tensor
