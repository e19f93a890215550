"""From requests to masks, as Segment Anything and its descendants make them: low-resolution logits, then upscaled.

Requests of the same form share a decoder call, also on different images; logits are upscaled in batches of limited
size. What a network computes is its family's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from job.models.device import Device
from job.models.grouping import batches, groups
from job.models.mask_logits import MaskLogits
from job.models.protocol import Capabilities, Prediction, Request
from job.models.replay import Outputs, Recorder, Replay, padded

UPSCALED_PX = 1 << 26
"""Upper bound on the logits that are upscaled at once: float32, so 256 MiB."""


class MaskPredictingModel(ABC):
    """The part of a `PromptableModel` after the image encoder.

    side: of the encoder's square input, px. The features of an image are one tensor, of the same shape for all images.
    """

    mask_threshold: float = 0.0

    def __init__(self, *, side: int, capabilities: Capabilities, device: Device) -> None:
        self.side = side
        self.device = device
        self._capabilities = capabilities
        replays = device.compiled and device.device.type == "cuda"
        self._replay = Replay(self.decoded, partial(Recorder, device.device)) if replays else None

    @property
    def capabilities(self) -> Capabilities:
        """The prompts that this model accepts."""
        return self._capabilities

    @abstractmethod
    def placed(self, requests: Sequence[Request]) -> Tensor:
        """Return where the points and the box of requests of one form are, on the device, with a row each."""

    @abstractmethod
    def decoded(
        self,
        features: Tensor,
        placed_NK3: Tensor,
        masks_N1HW: Tensor | None = None,
        *,
        multimask: bool,
        boxes: bool,
    ) -> Outputs:
        """Return low-resolution logits (N, C, h, w) and predicted IoU (N, C), float32, and if both are finite, (N).

        features: of one image for each request. placed_NK3: what `placed` returned. It must not wait for the device.
        boxes: whether the requests have one.
        """

    @abstractmethod
    def upscale(self, low_res_NCHW: Tensor, height: int, width: int) -> Tensor:
        """Crop the padding off logits and resize them to an image's own size: float32, N x C x height x width."""

    def mask_inputs(self, low_res_CHW: Tensor) -> Sequence[Tensor | None]:
        """Return the mask input of each candidate: its low-resolution logits, 1 x h x w, unchanged."""
        if self.capabilities.mask_input == "none":
            return [None] * len(low_res_CHW)
        return list(low_res_CHW.unsqueeze(1))

    @torch.inference_mode()
    def predict(self, requests: Sequence[Request]) -> list[Prediction]:
        """Return predictions in request order: masks are where the upscaled logits exceed the threshold."""
        logits = self.logits(requests)
        masks: dict[int, Tensor] = {}
        for group in groups(range(len(requests)), lambda i: _upscaling_key(requests[i], logits[i])):
            height, width = requests[group[0]].image.height, requests[group[0]].image.width
            pixels = len(logits[group[0]].low_res_CHW) * max(height * width, self.side**2)
            for batch in batches(group, max(1, UPSCALED_PX // pixels)):
                low_res_NCHW = torch.stack([logits[i].low_res_CHW for i in batch])
                masks.update(zip(batch, self.upscale(low_res_NCHW, height, width) > self.mask_threshold, strict=True))
        return [
            Prediction(
                masks_CHW=masks[i],
                predicted_iou_C=mask_logits.predicted_iou_C,
                mask_inputs_C=self.mask_inputs(mask_logits.low_res_CHW),
                finite=mask_logits.finite,
            )
            for i, mask_logits in enumerate(logits)
        ]

    @torch.inference_mode()
    def logits(self, requests: Sequence[Request]) -> list[MaskLogits]:
        """Return the logits of requests, in order. Points are not padded to a common number: it changes the result."""
        for request in requests:
            self.capabilities.check(request)
        decoded: dict[int, MaskLogits] = {}
        for group in groups(range(len(requests)), lambda i: _decoding_key(requests[i])):
            decoded.update(zip(group, self._decode([requests[i] for i in group]), strict=True))
        return [decoded[i] for i in range(len(requests))]

    def _decode(self, requests: Sequence[Request]) -> Iterator[MaskLogits]:
        """Decode requests with equal `_decoding_key` in one call, also on different images."""
        count, decode = len(requests), self._replay or self.decoded
        if self._replay:
            requests = [*requests, *[requests[-1]] * (padded(count) - count)]
        placed_NK3 = self.placed(requests)
        features = torch.stack([request.image.features for request in requests])
        masks = [request.mask_input for request in requests if request.mask_input is not None]
        inputs = [features, placed_NK3, *([torch.stack(masks)] if masks else [])]
        outputs = decode(*inputs, multimask=requests[0].multimask, boxes=requests[0].box_4 is not None)
        for low_res_CHW, iou_C, finite in zip(*[output_N[:count] for output_N in outputs], strict=True):
            yield MaskLogits(low_res_CHW=low_res_CHW, predicted_iou_C=iou_C, finite=finite)


def _decoding_key(request: Request) -> tuple[int, bool, bool, bool]:
    """Return what requests must have in common to share a decoder call."""
    return len(request.points_N2), request.box_4 is not None, request.mask_input is not None, request.multimask


def _upscaling_key(request: Request, logits: MaskLogits) -> tuple[int, int, int]:
    """Return what logits must have in common to be upscaled together."""
    return len(logits.low_res_CHW), request.image.height, request.image.width
