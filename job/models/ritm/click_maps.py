"""Clicks as maps of disks (Benenson et al. 2019; Sofiiuk et al. 2021, section 3.2), and features made from them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from job.models.ritm.extent import Extent, bounded
from job.models.ritm.hrnet import STEM_CHANNELS


def disks(points: Tensor, height: int, width: int, radius: float) -> Tensor:
    """Draw the clicks of a whole batch: (B, 2, height, width) float32, 1 within `radius` of a click, else 0.

    points: (B, 2N, 3) float, (row, column, index) in pixels of the map, N positive clicks, then N negative. If both
    coordinates are below 0, it is padding. Channel 0 holds the positive clicks, channel 1 the negative ones.
    """
    centres = points[..., :2].reshape(len(points), 2, -1, 2)
    near = torch.arange(-math.ceil(radius), math.ceil(radius) + 2, device=points.device)
    pixels = centres.floor()[..., None] + near  # (B, 2, N, 2, P): rows and columns that a disk may reach
    squares = (pixels - centres[..., None]).square_()
    rows, columns = pixels[..., 0, :, None].long(), pixels[..., 1, None, :].long()
    inside = squares[..., 0, :, None] + squares[..., 1, None, :] <= radius**2
    inside &= (centres.amax(dim=-1) >= 0)[..., None, None]
    inside &= (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    # Pixels that are not to be drawn go to one beyond the last: a fixed number of steps, whatever the clicks are.
    indices = (rows * width + columns).masked_fill_(~inside, height * width)
    drawn = torch.zeros(len(points), 2, height * width + 1, device=points.device)
    drawn.scatter_(2, indices.flatten(2), 1.0)
    return drawn[..., :-1].view(len(points), 2, height, width)


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
