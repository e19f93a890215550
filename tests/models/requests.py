"""Random weights, and what an encoder gets of an image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from job.models.mask_decoding import MaskDecodingModel
from job.models.protocol import Image


def randomise(network: nn.Module, seed: int = 0) -> None:
    """Change every weight a little, also those that are initialised to zeros, so that each affects the output."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.05)


def encoder_input(model: MaskDecodingModel, image: Image) -> Tensor:
    """Return what the encoder gets of an image: float32, 3 x side x side."""
    return model.encoder_input([model.prepare(image)])[0]
