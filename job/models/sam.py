"""Segment Anything (Kirillov et al. 2023, arXiv 2304.02643) by its authors' code, as their `SamPredictor` runs it.

MedSAM (Ma et al. 2024, Nature Communications 15, 654) is the same network as `vit_b`, with other weights.
"""

from __future__ import annotations

from typing import Any

import torch
from segment_anything import sam_model_registry
from segment_anything.utils.transforms import ResizeLongestSide
from torch import Tensor

from job.models.device import Device
from job.models.encode_batch import encode_batch
from job.models.enlarge import enlarge
from job.models.image_encoder import How, ImageEncoder
from job.models.mask_decoding import MaskDecodingModel
from job.models.protocol import Capabilities, Image

ENCODE_BYTES, WIDTH_BYTES = 256 << 20, 320 << 10
"""Peak memory of encoding one image, and more of it for each channel of a token."""


def build_sam(arch: str) -> Any:
    """Build the network `vit_b`, `vit_l` or `vit_h` with random weights."""
    return sam_model_registry[arch]()


def how(device: Device) -> How:
    """Return how the image encoder is computed on a device: as was fastest (benchmarks/encoder.py)."""
    if device.device.type == "cpu" or device.autocast is None:
        return How(attention="sliced", windowed="sliced", compiled=device.compiled)
    return How(attention="kernel" if device.compiled else "appended", windowed="sliced", compiled=device.compiled)


class SamModel(MaskDecodingModel):
    """SAM: longest side to 1024 by PIL's bilinear filter in uint8, ImageNet normalisation, zeros right and below."""

    resize_bytes = 12  # Pillow's copies of the image

    def __init__(self, network: Any, *, capabilities: Capabilities, device: Device) -> None:
        encoder = network.image_encoder
        super().__init__(network, side=encoder.img_size, capabilities=capabilities, device=device)
        self.mask_threshold = network.mask_threshold
        self.encode_bytes = ENCODE_BYTES + WIDTH_BYTES * encoder.pos_embed.shape[-1]
        self.encode_batch = encode_batch(device.device, self.encode_bytes)
        chosen = how(device)
        self.encoding = f"sam 2 {chosen}"
        self._encoder = ImageEncoder(encoder, device.autocast or torch.float32, chosen, self.encode_batch)

    def resized(self, image_HWC: Image, height: int, width: int) -> Image:
        """Resize as `ResizeLongestSide` does, which computes the size itself. A GPU enlarges images faster."""
        if self.device.device.type == "cuda" and image_HWC.shape[0] <= height and image_HWC.shape[1] <= width:
            return image_HWC
        resized_HWC: Image = ResizeLongestSide(self.side).apply_image(image_HWC)
        return resized_HWC

    def resized_there(self, images_NHWC: Tensor, height: int, width: int) -> Tensor:
        """Enlarge images that are not yet as large."""
        return enlarge(images_NHWC, height, width)

    def normalise(self, pixels_N3SS: Tensor, inside_N1SS: Tensor) -> Tensor:
        """Subtract the mean of ImageNet, and divide by its standard deviation."""
        normalised: Tensor = (pixels_N3SS - self.network.pixel_mean) / self.network.pixel_std
        return normalised

    def embed(self, inputs_N3SS: Tensor) -> Tensor:
        """Run the image encoder: float32, (N, 256, 64, 64)."""
        return self._encoder(inputs_N3SS)

    def upscale(self, low_res_NCHW: Tensor, height: int, width: int) -> Tensor:
        """Resize logits to 1024x1024, crop the padding, and resize them to the image's size; both bilinear."""
        resized = self.resize.size(height, width)
        logits_NCHW: Tensor = self.network.postprocess_masks(low_res_NCHW, resized, (height, width))
        return logits_NCHW
