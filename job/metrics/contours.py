"""Contours of 2D masks, and the distances between two of them. Pure.

They are those of DeepMind's surface-distance (Nikolov et al. 2021), which defines the normalised surface distance: an
element of a contour lies at each corner of the pixel grid whose four pixels are neither all inside the mask nor all
outside it, and its length is that of the line which divides them, as in marching squares. What lies beyond the image
is outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Spacing = tuple[float, float]
"""Distance between neighbouring rows, and between neighbouring columns."""


@dataclass(frozen=True, eq=False)
class Contour:
    """The elements of a contour, sorted by distance, then length; unit: that of the spacing.

    distances_N: float64, to the nearest element of the other contour. lengths_N: float64.
    """

    distances_N: Floats
    lengths_N: Floats


@dataclass(frozen=True, eq=False)
class MaskPair:
    """A truth and a prediction, bool (H, W), both of which have pixels, and the spacing of their rows and columns."""

    truth_HW: Mask
    prediction_HW: Mask
    spacing: Spacing

    @cached_property
    def cropped(self) -> tuple[Mask, Mask]:
        """Truth and prediction within the bounding box of both, and one row or column of background on each side."""
        either_HW = self.truth_HW | self.prediction_HW
        rows, columns = _extent(either_HW, axis=0), _extent(either_HW, axis=1)
        truth_HW, prediction_HW = (np.pad(mask_HW[rows, columns], 1) for mask_HW in (self.truth_HW, self.prediction_HW))
        return truth_HW, prediction_HW

    @cached_property
    def contours(self) -> tuple[Contour, Contour]:
        """The contours of truth and prediction, each with its distances from the other."""
        truth, prediction = (_elements(mask_HW, self.spacing) for mask_HW in self.cropped)
        return _measured(truth, prediction, self.spacing), _measured(prediction, truth, self.spacing)


def _extent(mask_HW: Mask, axis: int) -> slice:
    """Return the rows (axis 0) or columns (1) from the first to the last with a pixel of a mask."""
    indices = np.flatnonzero(mask_HW.any(axis=1 - axis))
    return slice(int(indices[0]), int(indices[-1]) + 1)


def _elements(mask_HW: Mask, spacing: Spacing) -> tuple[NDArray[np.intp], Floats]:
    """Return the corners with elements of a mask's contour, (N, 2) rows and columns, and their lengths, (N,).

    mask_HW: with background on all sides.
    """
    pixels_HW = mask_HW.astype(np.uint8)
    codes_HW = 8 * pixels_HW[:-1, :-1] + 4 * pixels_HW[:-1, 1:] + 2 * pixels_HW[1:, :-1] + pixels_HW[1:, 1:]
    corners_N2 = np.argwhere((codes_HW > 0) & (codes_HW < 15))
    return corners_N2, _lengths(spacing)[codes_HW[tuple(corners_N2.T)]]


def _lengths(spacing: Spacing) -> Floats:
    """Return the length of the dividing line by code of four pixels: 8 and 4 above, 2 and 1 below."""
    row, column = spacing
    cut = 0.5 * float(np.hypot(row, column))  # one pixel is divided from the three others
    return np.array(
        [0, cut, cut, column, cut, row, 2 * cut, cut, cut, 2 * cut, row, cut, column, cut, cut, 0], np.float64
    )


def _measured(
    own: tuple[NDArray[np.intp], Floats], other: tuple[NDArray[np.intp], Floats], spacing: Spacing
) -> Contour:
    """Return a contour with its distances from another one.

    A tree finds the nearest elements, for a contour has far fewer corners than its box. Distances are computed from
    whole rows and columns, as a distance transform does, so that a distance equal to the tolerance is found equal.
    """
    (corners_N2, lengths_N), (other_M2, _) = own, other
    tree = KDTree(other_M2 * spacing, leafsize=32, balanced_tree=False)  # corners are spread evenly: built faster
    _, nearest_N = tree.query(corners_N2 * spacing)
    distances_N = np.sqrt((((corners_N2 - other_M2[nearest_N]) * spacing) ** 2).sum(axis=1))
    order_N = np.lexsort((lengths_N, distances_N))
    return Contour(distances_N[order_N], lengths_N[order_N])
