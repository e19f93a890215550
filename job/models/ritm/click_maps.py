"""Clicks as maps of disks (Benenson et al. 2019; Sofiiuk et al. 2021, section 3.2), and features made from them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from job.models.ritm.hrnet import STEM_CHANNELS


def disks(points: Tensor, height: int, width: int, radius: float) -> Tensor:
    """Draw the clicks of a whole batch: (B, 2, height, width) float32, 1 within `radius` of a click, else 0.

    points: (B, 2N, 3) float, (row, column, index) in pixels of the map, N positive clicks, then N negative. If both
    coordinates are below 0, it is padding. Channel 0 holds the positive clicks, channel 1 the negative ones.
    """
    centres = points[..., :2].reshape(len(points), 2, -1, 2)
    centres = centres.masked_fill((centres.amax(dim=-1, keepdim=True) < 0), torch.inf)
    rows = torch.arange(height, dtype=points.dtype, device=points.device)
    columns = torch.arange(width, dtype=points.dtype, device=points.device)
    row_distances = (rows - centres[..., :1]).square_()
    column_distances = (columns - centres[..., 1:]).square_()
    inside = torch.zeros(len(points), 2, height, width, dtype=torch.bool, device=points.device)
    for n in range(centres.shape[2]):  # one click at a time: all at once would hold N maps in memory
        inside |= row_distances[:, :, n, :, None] + column_distances[:, :, n, None, :] <= radius**2
    return inside.float()


class Scale(nn.Module):
    """Multiplication by the magnitude of one learned factor; it starts the click features near zero."""

    def __init__(self, initial: float = 0.05) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), initial))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` times the factor's magnitude."""
        return x * self.scale.abs()


def click_features(*, leaky: bool) -> nn.Sequential:
    """Build the click branch: (previous mask, positive, negative) (B, 3, H, W) to features (B, 64, H/2, W/2)."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 1),
        nn.LeakyReLU(0.2) if leaky else nn.ReLU(inplace=True),
        nn.Conv2d(16, STEM_CHANNELS, 3, stride=2, padding=1),
        Scale(),
    )
