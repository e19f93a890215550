"""Polygons as pixels: a pixel belongs to a polygon if its centre lies inside, or on an edge. Pure.

Pixel (row, column) has its centre at these whole numbers. Centres on an edge count as inside, so that neither flips nor
transposes change a mask, and a contour through the centres of a mask's outer pixels gives that mask back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SNAP = 1e-3  # pixels; files round positions to a few decimals
AT_ONCE = 1 << 20  # crossings of edges and rows that are held in memory


@dataclass(frozen=True, eq=False)
class _Filled:
    """A polygon in a window of rows and columns: centres inside by the even-odd rule, and centres on an edge."""

    window: tuple[slice, slice]
    inside: NDArray[np.bool_]
    edge: NDArray[np.bool_]


def even_odd(polygons: Sequence[NDArray[np.float64]], shape: tuple[int, int]) -> tuple[NDArray[np.bool_], bool]:
    """Return the pixels that an odd number of polygons covers, HxW, and whether two polygons overlap in part.

    polygons: Nx2 each, rows and columns, not closed. A polygon in a polygon is a hole, and one in the hole an island.
    """
    filled = [_filled(polygon, shape) for polygon in polygons]
    edges = np.zeros(shape, bool)
    for each in filled:
        edges[each.window] |= each.edge
    count = np.zeros(shape, np.int32)
    overlap = False
    for each in sorted(filled, key=lambda each: -int(each.inside.sum())):  # what surrounds a polygon comes before it
        depths = count[each.window][each.inside & ~edges[each.window]]
        overlap = overlap or bool(depths.size and depths.min() != depths.max())
        count[each.window] += each.inside
    return (count % 2 == 1) | edges, overlap


def _filled(polygon: NDArray[np.float64], shape: tuple[int, int]) -> _Filled:
    low = np.clip(np.floor(polygon.min(axis=0)), 0, shape).astype(int)
    high = np.clip(np.ceil(polygon.max(axis=0)) + 1, low, shape).astype(int)
    height, width = (int(length) for length in high - low)
    window = (slice(low[0], high[0]), slice(low[1], high[1]))
    moved = _snapped(polygon - low)
    toggles = np.zeros(height * (width + 1), np.int64)
    edge = np.zeros((height, width), bool)
    if not edge.size:
        return _Filled(window, edge, edge)
    ends = np.roll(moved, -1, axis=0)
    most = max(1, AT_ONCE // height)
    for start in range(0, len(moved), most):
        _cross(moved[start : start + most], ends[start : start + most], toggles, edge)
    inside = np.cumsum(toggles.reshape(height, width + 1)[:, :width], axis=1) % 2 == 1
    return _Filled(window, inside, edge)


def _cross(
    starts: NDArray[np.float64], ends: NDArray[np.float64], toggles: NDArray[np.int64], edge: NDArray[np.bool_]
) -> None:
    """Count, for each row that edges cross, the pixel at which the inside begins or ends; mark centres on the edges.

    toggles: height x (width + 1), flat. An edge crosses the rows from its upper end to before its lower end.
    """
    height, width = edge.shape
    upper = np.where((starts[:, 0] <= ends[:, 0])[:, None], starts, ends)
    lower = np.where((starts[:, 0] <= ends[:, 0])[:, None], ends, starts)
    first = np.clip(np.ceil(upper[:, 0]), 0, height).astype(int)
    last = np.clip(np.floor(lower[:, 0]), -1, height - 1).astype(int)
    counts = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(len(first)), counts)
    rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[which]
    top, bottom = upper[which], lower[which]
    level = top[:, 0] == bottom[:, 0]
    tall = np.where(level, 1.0, bottom[:, 0] - top[:, 0])
    columns = _snapped(top[:, 1] + (rows - top[:, 0]) * (bottom[:, 1] - top[:, 1]) / tall)
    counted = ~level & (rows < bottom[:, 0])
    at = np.clip(np.ceil(columns[counted]), 0, width).astype(int)
    np.add.at(toggles, rows[counted] * (width + 1) + at, 1)
    touched = ~level & (columns == np.rint(columns)) & (columns >= 0) & (columns < width)
    edge[rows[touched], columns[touched].astype(int)] = True
    for row, left, right in zip(rows[level], top[level, 1], bottom[level, 1], strict=True):
        edge[row, max(0, int(np.ceil(min(left, right)))) : max(0, int(np.floor(max(left, right))) + 1)] = True


def _snapped(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers, whole where they lie close to a whole number."""
    whole = np.rint(numbers)
    return np.where(np.abs(numbers - whole) <= SNAP, whole, numbers)
