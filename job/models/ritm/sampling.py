"""Bilinear resampling of many images at once, each with its own window and size, as `interpolate` does one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
        positions = np.minimum(np.arange(self.length, dtype=np.float32) * scale, np.float32(self.source_length - 1))
        return positions[::-1] if self.mirrored else positions


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
