"""A simple feature pyramid: every level is made from the transformer's last features (Li et al. 2022, ViTDet).

Attributes are named as in the released weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class Normalisation(nn.GroupNorm):
    """Normalisation over all channels and pixels of each image, in the dtype of its weights, also under autocast."""

    def __init__(self, channels: int) -> None:
        super().__init__(1, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W)."""
        return super().forward(x.to(self.weight.dtype))


class FeaturePyramid(nn.Module):
    """Features of each patch (B, C, S, S) to features at 4, 2, 1 and 1/2 times their rows and columns."""

    def __init__(self, channels: int, dims: Sequence[int]) -> None:
        super().__init__()
        half, quarter, double = max(channels // 2, dims[1]), max(channels // 4, dims[0]), max(2 * channels, dims[3])
        self.down_4 = nn.Sequential(
            nn.ConvTranspose2d(channels, half, 2, stride=2),
            Normalisation(half),
            nn.GELU(),
            nn.ConvTranspose2d(half, quarter, 2, stride=2),
            Normalisation(quarter),
            *_narrowed(quarter, dims[0]),
        )
        self.down_8 = nn.Sequential(
            nn.ConvTranspose2d(channels, half, 2, stride=2), Normalisation(half), *_narrowed(half, dims[1])
        )
        self.down_16 = nn.Sequential(*_narrowed(channels, dims[2]))
        self.down_32 = nn.Sequential(
            nn.Conv2d(channels, double, 2, stride=2), Normalisation(double), *_narrowed(double, dims[3])
        )

    def forward(self, features: Tensor) -> list[Tensor]:
        """Return the levels, finest first."""
        return [level(features) for level in (self.down_4, self.down_8, self.down_16, self.down_32)]


def _narrowed(channels: int, dim: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, dim, 1), Normalisation(dim), nn.GELU()]
