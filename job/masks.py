"""Masks as COCO compressed run-lengths (column-major), the form in which the tables keep them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

Mask = NDArray[np.bool_]


def encode(mask_HW: Mask) -> str:
    """Encode a bool (H, W) mask."""
    counts: bytes = coco.encode(np.asfortranarray(mask_HW, dtype=np.uint8))["counts"]
    return counts.decode("ascii")


def decode(counts: str, height: int, width: int) -> Mask:
    """Decode to a bool (H, W) mask."""
    return np.asarray(coco.decode({"size": [height, width], "counts": counts.encode("ascii")}), dtype=np.bool_)
