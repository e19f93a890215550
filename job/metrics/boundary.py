"""How well the boundary of a prediction fits that of the truth. Pure."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter

from job.metrics.contours import Contour, Mask, MaskPair

HD_SHARE = 0.95
"""Share of a contour's length within the robust Hausdorff distance."""
DILATION_RATIO = 0.02
"""Width of the boundary in the boundary IoU, in diagonals of the image."""


def nsd(pair: MaskPair, tolerance: float) -> float:
    """Return the normalised surface distance, or surface Dice (Nikolov et al. 2021), 0 to 1.

    It is the share of both contours' length that lies within the tolerance of the other one. tolerance: in the unit of
    the spacing.
    """
    within = sum(float(contour.lengths_N[contour.distances_N <= tolerance].sum()) for contour in pair.contours)
    return within / sum(float(contour.lengths_N.sum()) for contour in pair.contours)


def hd95(pair: MaskPair, tolerance: float) -> float:
    """Return the robust Hausdorff distance, in the unit of the spacing; tolerance: of no effect.

    It is the larger one of the two distances within which 95 % of a contour's length lies from the other contour.
    """
    return max(_quantile(contour, HD_SHARE) for contour in pair.contours)


def assd(pair: MaskPair, tolerance: float) -> float:
    """Return the average symmetric surface distance, in the unit of the spacing; tolerance: of no effect.

    It is the mean over the length of both contours of the distance from the other one.
    """
    moments = sum(float((contour.distances_N * contour.lengths_N).sum()) for contour in pair.contours)
    return moments / sum(float(contour.lengths_N.sum()) for contour in pair.contours)


def boundary_iou(pair: MaskPair, tolerance: float) -> float:
    """Return the boundary IoU (Cheng et al. 2021), 0 to 1; tolerance: of no effect.

    A mask's boundary is what lies within d pixels of its border, by rows, columns and diagonals, and d is 2 % of the
    image's diagonal, at least 1. The border of the image is a border too.
    """
    width = max(1, round(DILATION_RATIO * float(np.hypot(*pair.truth_HW.shape))))
    truth_HW, prediction_HW = (_boundary(mask_HW, width) for mask_HW in pair.cropped)
    return int((truth_HW & prediction_HW).sum()) / int((truth_HW | prediction_HW).sum())


def _quantile(contour: Contour, share: float) -> float:
    """Return the least distance within which this share of a contour's length lies."""
    shares_N = np.cumsum(contour.lengths_N) / contour.lengths_N.sum()
    index = int(np.searchsorted(shares_N, share))
    return float(contour.distances_N[min(index, len(shares_N) - 1)])


def _boundary(mask_HW: Mask, width: int) -> Mask:
    """Return the pixels of a mask within `width` pixels of the background. mask_HW: with background on all sides."""
    inner_HW = minimum_filter(mask_HW.view(np.uint8), size=2 * width + 1)
    return np.asarray(mask_HW & (inner_HW == 0))
