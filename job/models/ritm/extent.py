"""Inputs of different sizes in one pass: each is padded right and below, and the padding has no part in the result.

A convolution pads with zeros. Around an input that is itself padded, it finds zeros too if whatever lies beyond the
input's own size is set to zero before each convolution larger than 1 x 1. Resizing uses each input's own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, relu_

from job.models.click_based.sampling import resized

LEVELS = 6
"""Sizes in the network: its input, and five halvings."""
OUTSIDE = 4.0
"""A coordinate of `grid_sample` beyond the border of an image of any size; it yields zero."""


class Extent:
    """The sizes of a padded batch at one level of the network.

    sizes_B2: float32, rows and columns of each member. shape: rows and columns of the batch, padding included.
    """

    def __init__(self, sizes_B2: Tensor, shape: tuple[int, int], dtype: torch.dtype) -> None:
        self.sizes_B2 = sizes_B2
        self.shape = shape
        self._dtype = dtype
        self._grids: dict[tuple[int, int], Tensor] = {}

    def halved(self) -> Extent:
        """Return the extent after a convolution of stride 2: half of each side, rounded up."""
        rows, columns = self.shape
        return Extent((self.sizes_B2 / 2).ceil(), ((rows + 1) // 2, (columns + 1) // 2), self._dtype)

    @cached_property
    def inside(self) -> Tensor:
        """1 inside each member, 0 beyond: (B, 1, H, W)."""
        rows, columns = (self._is_inside(axis) for axis in (0, 1))
        return (rows[:, None, :, None] & columns[:, None, None, :]).to(self._dtype)

    @cached_property
    def limit(self) -> Tensor:
        """The largest number allowed: infinity inside each member, 0 beyond: (B, 1, H, W)."""
        return torch.zeros_like(self.inside).masked_fill_(self.inside.bool(), torch.inf)

    @cached_property
    def zero(self) -> Tensor:
        """The number 0."""
        return self.inside.new_zeros(())

    def grid_from(self, source: Extent) -> Tensor:
        """Return the coordinates in `source` of each pixel, corner onto corner, as `grid_sample` takes them."""
        if source.shape not in self._grids:
            rows, columns = (self._coordinates(source, axis) for axis in (0, 1))
            height, width = self.shape
            grid = torch.stack([columns[:, None].expand(-1, height, -1), rows[:, :, None].expand(-1, -1, width)], dim=3)
            self._grids[source.shape] = grid
        return self._grids[source.shape]

    def _coordinates(self, source: Extent, axis: int) -> Tensor:
        scale = (source.sizes_B2[:, axis] - 1) / (self.sizes_B2[:, axis] - 1).clamp(min=1)
        position = torch.arange(self.shape[axis], device=scale.device) * scale[:, None]
        return ((2 * position + 1) / source.shape[axis] - 1).masked_fill(~self._is_inside(axis), OUTSIDE)

    def _is_inside(self, axis: int) -> Tensor:
        return torch.arange(self.shape[axis], device=self.sizes_B2.device) < self.sizes_B2[:, axis, None]


Extents = Sequence[Extent | None]
"""One for each level of the network, finest first; None if all inputs have the batch's size."""
UNPADDED: Extents = (None,) * LEVELS


def extents_of(sizes_B2: Tensor | None, shape: tuple[int, int], dtype: torch.dtype) -> Extents:
    """Return the extents of a batch; sizes_B2: rows and columns of each member, or None if all have the batch's."""
    if sizes_B2 is None:
        return UNPADDED
    levels = [Extent(sizes_B2.float(), shape, dtype)]
    for _ in range(1, LEVELS):
        levels.append(levels[-1].halved())
    return levels


def bounded(x: Tensor, extent: Extent | None) -> Tensor:
    """Set the padding to zero."""
    return x if extent is None else x * extent.inside


def rectified(x: Tensor, extent: Extent | None) -> Tensor:
    """Apply ReLU in place, and set the padding to zero: both in one step."""
    return relu_(x) if extent is None else x.clamp_(extent.zero, extent.limit)


def resize(x: Tensor, size: Sequence[int], source: Extent | None = None, target: Extent | None = None) -> Tensor:
    """Resize (B, C, h, w) to `size` (rows, columns): bilinear, corners aligned. An equal size is left unchanged.

    With a source and a target, each member is resized from its own size to its own size, with zeros beyond.
    """
    if source is None or target is None or x.shape[2:] == torch.Size(size):
        return resized(x, size)
    # Pixel centres at halves rather than at corners: only so does a coordinate exist beyond an image of one pixel.
    samples = grid_sample(x.float(), target.grid_from(source), align_corners=False)
    channels_last = x.is_contiguous(memory_format=torch.channels_last)
    return samples.to(x.dtype, memory_format=torch.channels_last if channels_last else torch.contiguous_format)
