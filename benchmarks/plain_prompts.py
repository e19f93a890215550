"""The published prompts as a plain script computes them: numpy and OpenCV on whole frames, one object at a time.

The rules are those of Mazurowski et al. 2023; only the draw among equally deep pixels is the job's own, so that both
sides of a comparison click the same pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from job.prompts.draw import Draw

Mask = NDArray[np.bool_]
Point = tuple[int, int, bool]
"""x, y, and whether the click is positive."""
Call = tuple[list[Point], list[int] | None]
"""The points and the box of one call of a model."""
MOST = 3


def calls(mode: str, truth_HW: Mask, draw: Draw) -> list[Call]:
    """Return the calls of a one-shot mode."""
    parts = components(truth_HW)[:MOST]
    if mode == "whole_box":
        return [([], box(truth_HW))]
    if mode in ("largest_box", "each_box"):
        return [([], box(part)) for part in (parts if mode == "each_box" else parts[:1])]
    chosen = parts if mode == "each_point" else parts[:1]
    return [([(*deepest(part, draw, 1, index), True) for index, part in enumerate(chosen)], None)]


def next_click(truth_HW: Mask, mask_HW: Mask, labelled_HW: Mask, draw: Draw, step: int) -> Point | None:
    """Return the click of `mazurowski2023`: a deepest pixel of the error, positive on any label; None at no error."""
    error_HW = truth_HW != mask_HW
    if not error_HW.any():
        return None
    x, y = deepest(error_HW, draw, step, 0)
    return x, y, bool(labelled_HW[y, x])


def components(mask_HW: Mask) -> list[Mask]:
    """Return the 8-connected components, largest first; of equal areas, the later in row-major order."""
    labels_HW, count = ndimage.label(mask_HW, np.ones((3, 3)))
    numbers = sorted(range(1, count + 1), key=lambda number: (np.sum(labels_HW == number), number), reverse=True)
    return [labels_HW == number for number in numbers]


def box(mask_HW: Mask) -> list[int]:
    """Return x0, y0, x1, y1, inclusive."""
    y, x = np.nonzero(mask_HW)
    return [int(x.min()), int(y.min()), int(x.max()), int(y.max())]


def deepest(region_HW: Mask, draw: Draw, step: int, component: int) -> tuple[int, int]:
    """Return (x, y) of a deepest pixel, by OpenCV's distances in a 5 x 5 mask."""
    depths = cv2.distanceTransform(np.pad(region_HW, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.nonzero(depths == depths.max())
    number = draw.below(len(y), step=step, component=component)
    return int(x[number]), int(y[number])


def iou(mask_HW: Mask, truth_HW: Mask) -> float:
    """Return the intersection over union of two masks that are not both empty."""
    return float(np.logical_and(mask_HW, truth_HW).sum() / np.logical_or(mask_HW, truth_HW).sum())


def chosen(masks_CHW: Mask, truth_HW: Mask, choice: str) -> Mask:
    """Return the first candidate, or the one of the highest IoU; if no candidate overlaps the truth, the last."""
    if choice != "oracle":
        return masks_CHW[0]
    ious = [iou(mask_HW, truth_HW) for mask_HW in masks_CHW]
    return masks_CHW[int(np.argmax(ious)) if max(ious) > 0 else -1]
