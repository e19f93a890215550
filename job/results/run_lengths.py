"""COCO compressed run-lengths (column-major), in which the tables store masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from job.metrics import overlap
from job.prompts.boxes import tight_box

Mask = NDArray[np.bool_]


def encode(mask_HW: Mask) -> str:
    """Encode a bool (H, W) mask."""
    frame_WH = np.zeros(mask_HW.shape[::-1], np.uint8)
    if mask_HW.any():  # only its box is transposed: pages of zeros beyond it cost nothing
        rows, columns = tight_box(mask_HW).window
        frame_WH[columns, rows] = mask_HW[rows, columns].T
    counts: bytes = coco.encode(frame_WH.T)["counts"]
    return counts.decode("ascii")


def decode(counts: str, height: int, width: int) -> Mask:
    """Decode run-lengths to a bool (H, W) mask."""
    return np.asarray(coco.decode(_coco(counts, height, width)), dtype=np.bool_)


def intersection_and_union(a: str, b: str, height: int, width: int) -> tuple[int, int]:
    """Count the pixels of the intersection and the union of two masks of (height, width), without decoding them."""
    masks = [_coco(counts, height, width) for counts in (a, b)]
    intersection, union = (int(coco.area(coco.merge(masks, intersect=intersect))) for intersect in (True, False))
    return intersection, union


def scores(truth: str, prediction: str, height: int, width: int) -> dict[str, float] | None:
    """Compute the columns of a score from two masks of (height, width); None if both are empty."""
    intersection, union = intersection_and_union(truth, prediction, height, width)
    if not union:
        return None
    return {
        "intersection_px": intersection,
        "union_px": union,
        "iou": overlap.iou(intersection, union),
        "dice": overlap.dice(intersection, union),
    }


def _coco(counts: str, height: int, width: int) -> dict[str, object]:
    return {"size": [height, width], "counts": counts.encode("ascii")}
