"""Clicks as maps (Benenson et al. 2019; Sofiiuk et al. 2021, section 3.2), and as features beside the image's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from job.models.ritm.hrnet import STEM_CHANNELS


def disks(points: Tensor, height: int, width: int, radius: float) -> Tensor:
    """Draw the clicks of a whole batch: (B, 2, height, width) float32, 1 within `radius` of a click, else 0.

    points: (B, 2N, 3) float, (row, column, index) on the grid that is drawn, N positive ones, then N negative ones; one
    with both coordinates below 0 is padding. Channel 0 shows the positive clicks, channel 1 the negative ones.
    """
    centres = points[..., :2].reshape(len(points), 2, -1, 2)
    centres = centres.masked_fill((centres.amax(dim=-1, keepdim=True) < 0), torch.inf)
    rows = torch.arange(height, dtype=points.dtype, device=points.device)
    columns = torch.arange(width, dtype=points.dtype, device=points.device)
    row_distances = (rows - centres[..., :1]).square_()
    column_distances = (columns - centres[..., 1:]).square_()
    inside = torch.zeros(len(points), 2, height, width, dtype=torch.bool, device=points.device)
    for n in range(centres.shape[2]):  # click after click: all at once would hold N maps in memory
        inside |= row_distances[:, :, n, :, None] + column_distances[:, :, n, None, :] <= radius**2
    return inside.float()


class Scale(nn.Module):
    """One learned factor, never negative, that starts the click features near zero."""

    def __init__(self, initial: float = 0.05) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), initial))

    def forward(self, x: Tensor) -> Tensor:
        """Give `x` times the factor's magnitude."""
        return x * self.scale.abs()


def click_features(*, leaky: bool) -> nn.Sequential:
    """Build what turns (previous mask, positive, negative) (B, 3, H, W) into (B, 64, H/2, W/2) beside HRNet's stem."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 1),
        nn.LeakyReLU(0.2) if leaky else nn.ReLU(inplace=True),
        nn.Conv2d(16, STEM_CHANNELS, 3, stride=2, padding=1),
        Scale(),
    )
