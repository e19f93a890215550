"""What Segment Anything and its descendants share: an image encoder, a prompt encoder and a mask decoder.

Follows Kirillov et al. 2023, "Segment Anything" (arXiv 2304.02643), section 3 and appendix A, with the authors' own
networks; only the batching is this project's. Requests of the same form share a decoder call, also on different images.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from segment_anything.utils.transforms import ResizeLongestSide
from torch import Tensor

from job.errors import DataError
from job.models.cast import cast_products
from job.models.device import Device
from job.models.finite import are_finite
from job.models.grouping import batches, groups
from job.models.mask_logits import MaskLogits
from job.models.prepared import Prepared, on_squares
from job.models.prompt_embedding import PromptEmbedding
from job.models.protocol import Capabilities, EncodedImage, Image, Need, Prediction, Request
from job.models.replay import Outputs, Recorder, Replay, padded

UPSCALED_PX = 1 << 26
"""Upper bound on the logits that are upscaled at once: float32, so 256 MiB."""

CALL_BYTES, REQUEST_BYTES, LOGIT_BYTES = 64 << 20, 36 << 20, 5
"""Peak memory of the decoder for a call and for each request, and of upscaling for each logit of the image's size."""
EMBEDDING_BYTES, LOW_RES_BYTES = 256 * 64 * 64 * 4, 256 * 256 * 4
"""Of an image, and of a mask. All were measured: benchmarks/memory_by_model_cpu_202611.md."""


class MaskDecodingModel(ABC):
    """A `PromptableModel` around an image encoder, SAM's prompt encoder and SAM's mask decoder.

    network: has `image_encoder`, `prompt_encoder` and `mask_decoder`. side: side of the encoder's square input, px;
    images are resized so that their longest side has this length, and padded right and below.
    """

    encoding: str
    """The name of preparation and encoder, see `job.models.embedding`."""
    mask_threshold: float = 0.0
    encode_bytes: int
    """Estimated peak memory of encoding one image, beyond the weights."""
    encode_batch: int
    """Images in one pass of the encoder."""
    resize_bytes = 0  # more of it for each pixel of the image

    def __init__(self, network: Any, *, side: int, capabilities: Capabilities, device: Device) -> None:
        self.network = network.to(device.device).eval()
        self.device = device
        self.resize = ResizeLongestSide(side)
        self._capabilities = capabilities
        for part in (network.image_encoder, network.mask_decoder):
            cast_products(part, device.autocast)
        self.prompts = PromptEmbedding(network.prompt_encoder, self.resize, device.device)
        self._positions = self.prompts.of_positions()
        replays = device.compiled and device.device.type == "cuda"
        self._replay = Replay(self._decoded, partial(Recorder, device.device)) if replays else None

    @property
    def capabilities(self) -> Capabilities:
        """The prompts that this model accepts."""
        return self._capabilities

    @abstractmethod
    def resized(self, image_HWC: Image, height: int, width: int) -> Image:
        """Resize an image to fill the encoder's square one way; uint8. Or leave that to `resized_there`."""

    def resized_there(self, images_NHWC: Tensor, height: int, width: int) -> Tensor:
        """Resize on the device what `resized` left as it was; uint8."""
        return images_NHWC

    @abstractmethod
    def normalise(self, pixels_N3SS: Tensor, inside_N1SS: Tensor) -> Tensor:
        """Scale pixels, uint8 on the device, as the encoder takes them: float32. What is outside images is ignored."""

    @abstractmethod
    def embed(self, inputs_N3SS: Tensor) -> Tensor:
        """Return the features of what `normalise` returned: (N, 256, 64, 64)."""

    @abstractmethod
    def upscale(self, low_res_NCHW: Tensor, height: int, width: int) -> Tensor:
        """Crop the padding off logits and resize them to an image's own size: float32, N x C x height x width."""

    def prepare(self, image_HWC: Image) -> Prepared:
        """Do the host's part of encoding, in any thread. Raise DataError if a side has no pixel left when resized."""
        if image_HWC.ndim != 3 or image_HWC.shape[2] != 3 or image_HWC.dtype != np.uint8:
            raise ValueError(f"expected an image HxWx3 of uint8, got {image_HWC.shape} of {image_HWC.dtype}")
        height, width = image_HWC.shape[:2]
        size = self.resize.get_preprocess_shape(height, width, self.resize.target_length)
        if min(height, width) < 1 or min(size) < 1:
            raise DataError("image too narrow", f"{height}x{width} px: one side has no pixel left when resized")
        return Prepared(height=height, width=width, size=size, pixels_HWC=self.resized(image_HWC, *size))

    @torch.inference_mode()
    def encode(self, prepared: Sequence[Prepared]) -> list[EncodedImage]:
        """Encode images of any sizes, `encode_batch` at a time; padding makes them equal in size."""
        features = [
            features_DHW
            for batch in batches(prepared, self.encode_batch)
            for features_DHW in self.embed(self.encoder_input(batch))
        ]
        return [
            EncodedImage(height=image.height, width=image.width, features=features_DHW)
            for image, features_DHW in zip(prepared, features, strict=True)
        ]

    def encoder_input(self, prepared: Sequence[Prepared]) -> Tensor:
        """Return images as the encoder takes them, with zeros beside them: float32, (N, 3, S, S), on the device."""
        side = self.resize.target_length
        pixels_N3SS, inside_N1SS = on_squares(prepared, side, self.device.device, self.resized_there)
        return self.normalise(pixels_N3SS, inside_N1SS).masked_fill(~inside_N1SS, 0)

    def needs(self, height: int, width: int) -> Need:
        """Estimate the memory for images of this size. Only the upscaled masks depend on it."""
        candidates = 3 if self.capabilities.multimask else 1
        pixels = candidates * height * width
        upscaled_px = max(pixels, candidates * int(self.resize.target_length) ** 2)

        def predict(requests: int) -> int:
            at_once = min(requests, max(1, UPSCALED_PX // upscaled_px))
            return CALL_BYTES + requests * (REQUEST_BYTES + pixels) + at_once * LOGIT_BYTES * upscaled_px

        encode = self.encode_batch * self.encode_bytes + self.resize_bytes * height * width
        return Need(encode=encode, image=EMBEDDING_BYTES, episode=candidates * LOW_RES_BYTES, predict=predict)

    @torch.inference_mode()
    def predict(self, requests: Sequence[Request]) -> list[Prediction]:
        """Return predictions in request order: masks are where the upscaled logits exceed the threshold."""
        logits = self.logits(requests)
        masks: dict[int, Tensor] = {}
        for group in groups(range(len(requests)), lambda i: _upscaling_key(requests[i], logits[i])):
            height, width = requests[group[0]].image.height, requests[group[0]].image.width
            pixels = len(logits[group[0]].low_res_CHW) * max(height * width, self.resize.target_length**2)
            for batch in batches(group, max(1, UPSCALED_PX // pixels)):
                low_res_NCHW = torch.stack([logits[i].low_res_CHW for i in batch])
                masks.update(zip(batch, self.upscale(low_res_NCHW, height, width) > self.mask_threshold, strict=True))
        return [
            Prediction(
                masks_CHW=masks[i],
                predicted_iou_C=mask_logits.predicted_iou_C,
                mask_inputs_C=self._mask_inputs(mask_logits.low_res_CHW),
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
        count, decode = len(requests), self._replay or self._decoded
        if self._replay:
            requests = [*requests, *[requests[-1]] * (padded(count) - count)]
        placed_NK3 = self.prompts.placed(requests)
        features_NDHW = torch.stack([request.image.features for request in requests])
        masks = [request.mask_input for request in requests if request.mask_input is not None]
        inputs = [features_NDHW, placed_NK3, *([torch.stack(masks)] if masks else [])]
        outputs = [output_N[:count] for output_N in decode(*inputs, multimask=requests[0].multimask)]
        for low_res_CHW, iou_C, finite in zip(*outputs, strict=True):
            yield MaskLogits(low_res_CHW=low_res_CHW, predicted_iou_C=iou_C, finite=finite)

    def _decoded(
        self, features_NDHW: Tensor, placed_NK3: Tensor, masks_N1HW: Tensor | None = None, *, multimask: bool
    ) -> Outputs:
        """Return low-resolution logits (N, C, 256, 256) and predicted IoU (N, C), float32, and if both are finite."""
        sparse_NKD, of_masks = self.prompts.of_points_and_boxes(placed_NK3), self.prompts.of_mask_inputs(masks_N1HW)
        if masks_N1HW is not None:
            features_NDHW, of_masks = features_NDHW + of_masks, torch.zeros_like(of_masks[:1, :, :1, :1])
        with self.device.autocasting():
            low_res_NCHW, iou_NC = self.network.mask_decoder(
                # The decoder adds the embedding of one image to those of all mask inputs. Addition commutes, so with
                # the two exchanged it gives the same sums for prompts on different images.
                image_embeddings=of_masks,
                image_pe=self._positions,
                sparse_prompt_embeddings=sparse_NKD,
                dense_prompt_embeddings=features_NDHW,
                multimask_output=multimask,
            )
        return low_res_NCHW.float(), iou_NC.float(), are_finite(low_res_NCHW, iou_NC)

    def _mask_inputs(self, low_res_CHW: Tensor) -> Sequence[Tensor | None]:
        """Return the mask input of each candidate: its low-resolution logits, 1x256x256, unchanged."""
        if self.capabilities.mask_input == "none":
            return [None] * len(low_res_CHW)
        return list(low_res_CHW.unsqueeze(1))


def _decoding_key(request: Request) -> tuple[int, bool, bool, bool]:
    """Return what requests must have in common to share a decoder call."""
    return len(request.points_N2), request.box_4 is not None, request.mask_input is not None, request.multimask


def _upscaling_key(request: Request, logits: MaskLogits) -> tuple[int, int, int]:
    """Return what logits must have in common to be upscaled together."""
    return len(logits.low_res_CHW), request.image.height, request.image.width
