"""Overlap scores from pixel counts. Pure."""

from __future__ import annotations


def iou(intersection_px: int, union_px: int) -> float:
    """Return the intersection over union (Jaccard). The truth is never empty, so the union is never 0."""
    return intersection_px / union_px


def dice(intersection_px: int, union_px: int) -> float:
    """Return the Dice coefficient: 2 |A and B| / (|A| + |B|), where |A| + |B| = union + intersection."""
    return 2 * intersection_px / (union_px + intersection_px)
