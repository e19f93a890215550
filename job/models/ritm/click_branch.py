"""Features made from the previous mask and the click maps (Sofiiuk et al. 2021, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from job.models.ritm.extent import Extent, bounded
from job.models.ritm.hrnet import STEM_CHANNELS


class Scale(nn.Module):
    """Multiplication by the magnitude of one learned factor; it starts the click features near zero."""

    def __init__(self, initial: float = 0.05) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), initial))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` times the factor's magnitude."""
        return x * self.scale.abs()


class ClickBranch(nn.Sequential):
    """(Previous mask, positive, negative) (B, 3, H, W) to features (B, 64, H/2, W/2)."""

    def __init__(self, *, leaky: bool) -> None:
        super().__init__(
            nn.Conv2d(3, 16, 1),
            nn.LeakyReLU(0.2) if leaky else nn.ReLU(inplace=True),
            nn.Conv2d(16, STEM_CHANNELS, 3, stride=2, padding=1),
            Scale(),
        )

    def forward(self, maps: Tensor, extent: Extent | None = None) -> Tensor:
        """Return the features; extent: of the maps, if they are padded."""
        mixed, activation, halving, scale = self
        features: Tensor = scale(halving(bounded(activation(mixed(maps)), extent)))
        return features
