"""What Segment Anything and its descendants share: an image encoder, a prompt encoder and a mask decoder.

Follows Kirillov et al. 2023, "Segment Anything" (arXiv 2304.02643), section 3 and appendix A, with the authors' own
networks; only the batching is this project's (`job.models.mask_predicting`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from job.errors import DataError
from job.models.cast import cast_products
from job.models.device import Device
from job.models.finite import are_finite
from job.models.grouping import batches
from job.models.longest_side import LongestSide
from job.models.mask_predicting import UPSCALED_PX, MaskPredictingModel
from job.models.prepared import Prepared, on_squares
from job.models.prompt_embedding import PromptEmbedding
from job.models.protocol import Capabilities, EncodedImage, Image, Need, Request, check_image
from job.models.replay import Outputs

CALL_BYTES, REQUEST_BYTES, LOGIT_BYTES = 64 << 20, 36 << 20, 5
"""Peak memory of the decoder for a call and for each request, and of upscaling for each logit of the image's size."""
EMBEDDING_BYTES, LOW_RES_BYTES = 256 * 64 * 64 * 4, 256 * 256 * 4
"""Of an image, and of a mask. All were measured: benchmarks/memory_by_model_cpu_202611.md."""


class MaskDecodingModel(MaskPredictingModel):
    """A `PromptableModel` around an image encoder, SAM's prompt encoder and SAM's mask decoder.

    network: has `image_encoder`, `prompt_encoder` and `mask_decoder`. side: side of the encoder's square input, px;
    images are resized so that their longest side has this length, and padded right and below.
    """

    encoding: str
    """The name of preparation and encoder, see `job.models.embedding`."""
    encode_bytes: int
    """Estimated peak memory of encoding one image, beyond the weights."""
    encode_batch: int
    """Images in one pass of the encoder."""
    resize_bytes = 0  # more of it for each pixel of the image

    def __init__(self, network: Any, *, side: int, capabilities: Capabilities, device: Device) -> None:
        super().__init__(side=side, capabilities=capabilities, device=device)
        self.network = network.to(device.device).eval()
        self.resize = LongestSide(side)
        for part in (network.image_encoder, network.mask_decoder):
            cast_products(part, device.autocast)
        self.prompts = PromptEmbedding(network.prompt_encoder, self.resize, device.device)
        self._positions = self.prompts.of_positions()

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

    def prepare(self, image_HWC: Image) -> Prepared:
        """Do the host's part of encoding, in any thread. Raise DataError if a side has no pixel left when resized."""
        check_image(image_HWC)
        height, width = image_HWC.shape[:2]
        size = self.resize.size(height, width)
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
        pixels_N3SS, inside_N1SS = on_squares(prepared, self.side, self.device.device, self.resized_there)
        return self.normalise(pixels_N3SS, inside_N1SS).masked_fill(~inside_N1SS, 0)

    def needs(self, height: int, width: int) -> Need:
        """Estimate the memory for images of this size. Only the upscaled masks depend on it."""
        candidates = 3 if self.capabilities.multimask else 1
        pixels = candidates * height * width
        upscaled_px = max(pixels, candidates * self.side**2)

        def predict(requests: int) -> int:
            at_once = min(requests, max(1, UPSCALED_PX // upscaled_px))
            return CALL_BYTES + requests * (REQUEST_BYTES + pixels) + at_once * LOGIT_BYTES * upscaled_px

        encode = self.encode_batch * self.encode_bytes + self.resize_bytes * height * width
        return Need(encode=encode, image=EMBEDDING_BYTES, episode=candidates * LOW_RES_BYTES, predict=predict)

    def placed(self, requests: Sequence[Request]) -> Tensor:
        """Return points and corners on the encoder's square, as `PromptEmbedding.placed` does."""
        return self.prompts.placed(requests)

    def decoded(
        self,
        features: Tensor,
        placed_NK3: Tensor,
        masks_N1HW: Tensor | None = None,
        *,
        multimask: bool,
        boxes: bool,
    ) -> Outputs:
        """Return low-resolution logits (N, C, 256, 256) and predicted IoU (N, C), float32, and if both are finite."""
        sparse_NKD, of_masks = self.prompts.of_points_and_boxes(placed_NK3), self.prompts.of_mask_inputs(masks_N1HW)
        if masks_N1HW is not None:
            features, of_masks = features + of_masks, torch.zeros_like(of_masks[:1, :, :1, :1])
        with self.device.autocasting():
            low_res_NCHW, iou_NC = self.network.mask_decoder(
                # The decoder adds the embedding of one image to those of all mask inputs. Addition commutes, so with
                # the two exchanged it gives the same sums for prompts on different images.
                image_embeddings=of_masks,
                image_pe=self._positions,
                sparse_prompt_embeddings=sparse_NKD,
                dense_prompt_embeddings=features,
                multimask_output=multimask,
            )
        return low_res_NCHW.float(), iou_NC.float(), are_finite(low_res_NCHW, iou_NC)
