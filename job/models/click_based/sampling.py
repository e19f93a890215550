"""Bilinear resampling of many images at once, each with its own window and size, as `interpolate` does one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

OUTSIDE = -1.0
"""The position of a pixel that has no source; it becomes zero."""


class Line(NamedTuple):
    """One axis of an output that is sampled from a window of a source, corner onto corner.

    begin, length: where the window goes, and its length there. source_begin, source_length: the window.
    mirrored: its pixels are in reverse order.
    """

    begin: int
    length: int
    source_begin: int
    source_length: int
    mirrored: bool = False

    @classmethod
    def whole(cls, length: int) -> Line:
        """Return the axis of an output that equals its source."""
        return cls(0, length, 0, length)

    def positions(self) -> NDArray[np.float32]:
        """Return the position in the window of each pixel, in float32 as `interpolate` computes it."""
        scale = np.float32(self.source_length - 1) / np.float32(max(self.length - 1, 1))
        positions: NDArray[np.float32] = np.arange(self.length, dtype=np.float32) * scale
        positions = np.minimum(positions, np.float32(self.source_length - 1))
        return np.flip(positions) if self.mirrored else positions


def resized(x: Tensor, size: Sequence[int]) -> Tensor:
    """Resize (B, C, h, w) to `size` (rows, columns): bilinear, corners aligned. An equal size is left unchanged."""
    if x.shape[2:] == torch.Size(size):
        return x
    return interpolate(x, size=tuple(size), mode="bilinear", align_corners=True)


def interpolated(source_HWC: Tensor, rows: Line, columns: Line, shape: tuple[int, int]) -> Tensor:
    """Return one image of `shape`, sampled from another: (*shape, C) of its dtype, with zeros outside. On a CPU."""
    window_HWC = source_HWC.narrow(0, rows.source_begin, rows.source_length)
    window_HWC = window_HWC.narrow(1, columns.source_begin, columns.source_length)
    image_HWC = resized(window_HWC.permute(2, 0, 1)[None], (rows.length, columns.length))[0].permute(1, 2, 0)
    image_HWC = image_HWC.flip(1) if columns.mirrored else image_HWC
    if image_HWC.shape[:2] == torch.Size(shape):
        return image_HWC
    placed_HWC = image_HWC.new_zeros((*shape, image_HWC.shape[2]))
    placed_HWC.narrow(0, rows.begin, rows.length).narrow(1, columns.begin, columns.length).copy_(image_HWC)
    return placed_HWC


def table(lines: Sequence[Line], length: int) -> NDArray[np.float32]:
    """Return what `sampled` takes of one axis of outputs of `length`: (N, 1 + length).

    The window's begin is apart from the positions in it: their sum would have fewer digits for the weights.
    """
    rows = np.full((len(lines), 1 + length), OUTSIDE, np.float32)
    for row, line in zip(rows, lines, strict=True):
        row[0] = line.source_begin
        row[1 + line.begin : 1 + line.begin + line.length] = line.positions()
    return rows


def sampled(sources_NHWC: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return (M, height, width, C) float32: bilinear samples of the sources, and zero outside.

    rows: (M, 1 + height), columns: (M, 1 + width), as `table` returns them, on the device. M is a multiple of N: output
    m is of source m modulo N.
    """
    count, height, width, _ = sources_NHWC.shape
    row, row_weight, row_inside = _taps(rows, height)
    column, column_weight, column_inside = _taps(columns, width)
    source = torch.arange(count, device=rows.device).repeat(len(rows) // count)
    corners = sources_NHWC[source[:, None, None, None, None], row[..., None, None], column[:, None, None]].float()
    lines = torch.lerp(corners[:, 0], corners[:, 1], row_weight[:, :, None, None, None])
    samples = torch.lerp(lines[:, :, 0], lines[:, :, 1], column_weight[:, None, :, None])
    return samples.mul_((row_inside[:, :, None] & column_inside[:, None])[..., None])


def _taps(axis: Tensor, length: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the two pixels of each sample (M, 2, L), the second's weight (M, L), and whether it is inside (M, L)."""
    positions = axis[:, 1:].clamp(min=0)
    before = positions.floor()
    pixel = (before + axis[:, :1]).long()
    return torch.stack([pixel, pixel + 1], dim=1).clamp_(max=length - 1), positions - before, axis[:, 1:] >= 0
