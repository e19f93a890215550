"""The normalisation of images that networks trained on ImageNet expect."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from job.models import imagenet


class ImageNetNormalisation(nn.Module):
    """Subtraction of ImageNet's mean colour and division by its standard deviation. Its state dict is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(imagenet.MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(imagenet.STD).view(3, 1, 1), persistent=False)

    def forward(self, rgb: Tensor) -> Tensor:
        """Return the normalised image (B, 3, H, W); rgb: in [0, 1]."""
        return (rgb - self.mean) / self.std
