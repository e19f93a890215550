"""Clicks as maps of disks (Benenson et al. 2019; Sofiiuk et al. 2021, section 3.2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


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
