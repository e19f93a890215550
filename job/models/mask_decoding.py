"""What Segment Anything and its descendants share: an image encoder, a prompt encoder and a mask decoder.

Follows Kirillov et al. 2023, "Segment Anything" (arXiv 2304.02643), section 3 and appendix A, with the authors' own
networks; only the batching is this project's. Requests of the same form share a decoder call, also on different images.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from segment_anything.utils.transforms import ResizeLongestSide
from torch import Tensor

from job.errors import DataError
from job.models.device import Device
from job.models.finite import are_finite
from job.models.protocol import Capabilities, EncodedImage, Image, Need, Prediction, Request

Item = TypeVar("Item")
Key = TypeVar("Key", bound=tuple[int, ...])

ENCODE_BATCH = {"cpu": 1, "cuda": 4}
"""Images in one encoder call; four ViT-H images take about 12 GiB."""

UPSCALED_PX = 1 << 26
"""Upper bound on the logits that are upscaled at once: float32, so 256 MiB."""

CALL_BYTES, REQUEST_BYTES, LOGIT_BYTES = 64 << 20, 36 << 20, 5
"""Peak memory of the decoder for a call and for each request, and of upscaling for each logit of the image's size."""
EMBEDDING_BYTES, LOW_RES_BYTES = 256 * 64 * 64 * 4, 256 * 256 * 4
"""Of an image, and of a mask. All were measured: benchmarks/memory_by_model_cpu_202611.md."""


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
    resize_bytes = 0  # more of it for each pixel of the image

    def __init__(self, network: Any, *, side: int, capabilities: Capabilities, device: Device) -> None:
        self.network = network.to(device.device).eval()
        self.device = device
        self.resize = ResizeLongestSide(side)
        self.encode_batch = ENCODE_BATCH.get(device.device.type, 1)
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        """The prompts that this model accepts."""
        return self._capabilities

    @abstractmethod
    def network_input(self, image_HWC: Image) -> Tensor:
        """Resize, normalise and pad one image: float32, 3 x side x side, on the device."""

    @abstractmethod
    def upscale(self, low_res_NCHW: Tensor, height: int, width: int) -> Tensor:
        """Crop the padding off logits and resize them to an image's own size: float32, N x C x height x width."""

    def prepare(self, image_HWC: Image) -> Image:
        """Refuse an image that cannot be resized."""
        self._check_image(image_HWC)
        return image_HWC

    @torch.inference_mode()
    def encode(self, images: Sequence[Image]) -> list[EncodedImage]:
        """Encode images of any sizes, `encode_batch` at a time; padding makes them equal in size."""
        features: list[Tensor] = []
        for batch in _batches(images, self.encode_batch):
            prepared = torch.stack([self.network_input(image) for image in batch])
            with self.device.autocasting():
                features.extend(self.network.image_encoder(prepared).float())
        return [
            EncodedImage(height=image.shape[0], width=image.shape[1], features=embedding_CHW)
            for image, embedding_CHW in zip(images, features, strict=True)
        ]

    def needs(self, height: int, width: int) -> Need:
        """Estimate the memory for images of this size. Only the upscaled masks depend on it."""
        candidates = 3 if self.capabilities.multimask else 1
        pixels = candidates * height * width
        upscaled_px = max(pixels, candidates * int(self.resize.target_length) ** 2)

        def predict(requests: int) -> int:
            at_once = min(requests, max(1, UPSCALED_PX // upscaled_px))
            return CALL_BYTES + requests * (REQUEST_BYTES + pixels) + at_once * LOGIT_BYTES * upscaled_px

        encode = self.encode_bytes + self.resize_bytes * height * width
        return Need(encode=encode, image=EMBEDDING_BYTES, episode=candidates * LOW_RES_BYTES, predict=predict)

    @torch.inference_mode()
    def predict(self, requests: Sequence[Request]) -> list[Prediction]:
        """Return predictions in request order: masks are where the upscaled logits exceed the threshold."""
        logits = self.logits(requests)
        masks: dict[int, Tensor] = {}
        for group in _groups(range(len(requests)), lambda i: _upscaling_key(requests[i], logits[i])):
            height, width = requests[group[0]].image.height, requests[group[0]].image.width
            pixels = len(logits[group[0]].low_res_CHW) * max(height * width, self.resize.target_length**2)
            for batch in _batches(group, max(1, UPSCALED_PX // pixels)):
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
        for group in _groups(range(len(requests)), lambda i: _decoding_key(requests[i])):
            decoded.update(zip(group, self._decode([requests[i] for i in group]), strict=True))
        return [decoded[i] for i in range(len(requests))]

    def _decode(self, requests: Sequence[Request]) -> Iterator[MaskLogits]:
        """Decode requests with equal `_decoding_key` in one call, also on different images."""
        sparse_NKD, dense_NDHW = self._embed_prompts(requests)
        embeddings_NDHW = torch.stack([request.image.features for request in requests])
        image_pe = self.network.prompt_encoder.get_dense_pe()
        with self.device.autocasting():
            low_res_NCHW, iou_NC = self.network.mask_decoder(
                # The decoder adds one image's embedding to the dense embedding of every prompt. A zero image, with each
                # prompt's own image added to its dense embedding, gives the same sum for prompts on different images.
                image_embeddings=torch.zeros_like(embeddings_NDHW[:1]),
                image_pe=image_pe,
                sparse_prompt_embeddings=sparse_NKD,
                dense_prompt_embeddings=embeddings_NDHW + dense_NDHW,
                multimask_output=requests[0].multimask,
            )
        finite_N = are_finite(low_res_NCHW, iou_NC)
        for low_res_CHW, iou_C, finite in zip(low_res_NCHW.float(), iou_NC.float(), finite_N, strict=True):
            yield MaskLogits(low_res_CHW=low_res_CHW, predicted_iou_C=iou_C, finite=finite)

    def _embed_prompts(self, requests: Sequence[Request]) -> tuple[Tensor, Tensor]:
        """Embed prompts, always in float32: in bfloat16 a coordinate would be wrong by pixels."""
        first = requests[0]
        points = boxes = masks = None
        if len(first.points_N2):
            coords = [self.resize.apply_coords(request.points_N2, _size(request)) for request in requests]
            points = (self._stack(coords, torch.float32), self._stack([r.labels_N for r in requests], torch.int32))
        if first.box_4 is not None:
            boxes = self._stack([self.resize.apply_boxes(r.box_4, _size(r))[0] for r in requests], torch.float32)
        if first.mask_input is not None:
            masks = torch.stack([request.mask_input for request in requests])
        sparse_NKD, dense_NDHW = self.network.prompt_encoder(points=points, boxes=boxes, masks=masks)
        return sparse_NKD, dense_NDHW

    def _stack(self, arrays: Sequence[NDArray[Any]], dtype: torch.dtype) -> Tensor:
        return torch.as_tensor(np.stack(arrays), dtype=dtype).to(self.device.device)

    def _mask_inputs(self, low_res_CHW: Tensor) -> Sequence[Tensor | None]:
        """Return the mask input of each candidate: its low-resolution logits, 1x256x256, unchanged."""
        if self.capabilities.mask_input == "none":
            return [None] * len(low_res_CHW)
        return list(low_res_CHW.unsqueeze(1))

    def _check_image(self, image: Image) -> None:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"expected an image HxWx3 of uint8, got {image.shape} of {image.dtype}")
        height, width = image.shape[:2]
        if (
            min(height, width) < 1
            or min(self.resize.get_preprocess_shape(height, width, self.resize.target_length)) < 1
        ):
            raise DataError("image too narrow", f"{height}x{width} px: one side has no pixel left when resized")


def _size(request: Request) -> tuple[int, int]:
    return request.image.height, request.image.width


def _decoding_key(request: Request) -> tuple[int, bool, bool, bool]:
    """Return what requests must have in common to share a decoder call."""
    return len(request.points_N2), request.box_4 is not None, request.mask_input is not None, request.multimask


def _upscaling_key(request: Request, logits: MaskLogits) -> tuple[int, int, int]:
    """Return what logits must have in common to be upscaled together."""
    return len(logits.low_res_CHW), request.image.height, request.image.width


def _groups(items: Iterable[Item], key: Callable[[Item], Key]) -> list[list[Item]]:
    """Group items by key, in ascending order of the keys."""
    groups: defaultdict[Key, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return [groups[group_key] for group_key in sorted(groups)]


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
