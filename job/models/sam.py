"""Segment Anything (Kirillov et al. 2023, arXiv 2304.02643) by its authors' code, as their `SamPredictor` runs it.

MedSAM (Ma et al. 2024, Nature Communications 15, 654) is the same network as `vit_b`, with other weights.
"""

from __future__ import annotations

from typing import Any

import torch
from segment_anything import sam_model_registry
from torch import Tensor

from job.models.device import Device
from job.models.mask_decoding import MaskDecodingModel
from job.models.protocol import Capabilities, Image

TOKENS = 64 * 64
ATTENTION_BYTES = 17
"""Tokens of the encoder, and its peak memory for each pair of them and each head of its global attention: four maps."""


def build_sam(arch: str) -> Any:
    """Build the network `vit_b`, `vit_l` or `vit_h` with random weights."""
    return sam_model_registry[arch]()


class SamModel(MaskDecodingModel):
    """SAM: longest side to 1024 by PIL's bilinear filter in uint8, ImageNet normalisation, zeros right and below."""

    encoding = "sam 1"
    resize_bytes = 12  # Pillow's copies of the image

    def __init__(self, network: Any, *, capabilities: Capabilities, device: Device) -> None:
        side = network.image_encoder.img_size
        super().__init__(network, side=side, capabilities=capabilities, device=device)
        self.mask_threshold = network.mask_threshold
        attention = network.image_encoder.blocks[-1].attn
        self.encode_bytes = ATTENTION_BYTES * attention.num_heads * TOKENS**2

    def network_input(self, image_HWC: Image) -> Tensor:
        """Resize, normalise and pad one image: float32, 3x1024x1024."""
        resized_CHW = torch.as_tensor(self.resize.apply_image(image_HWC)).permute(2, 0, 1)
        prepared: Tensor = self.network.preprocess(resized_CHW.to(self.device.device))
        return prepared

    def upscale(self, low_res_NCHW: Tensor, height: int, width: int) -> Tensor:
        """Resize logits to 1024x1024, crop the padding, and resize them to the image's size; both bilinear."""
        resized = self.resize.get_preprocess_shape(height, width, self.resize.target_length)
        logits_NCHW: Tensor = self.network.postprocess_masks(low_res_NCHW, resized, (height, width))
        return logits_NCHW
