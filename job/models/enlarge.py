"""Pillow's bilinear enlarging of uint8 images (libImaging, Resample.c) on a device, equal to the last bit.

Pillow enlarges the width and then the height, in integers: weights are multiples of 2^-22, and each of the two results
is rounded to uint8. Where an image becomes smaller, the order of the two depends on Pillow's version: not done here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from job.models.host_copy import send

WEIGHT_BITS = 22


def enlarge(images_NHWC: Tensor, height: int, width: int) -> Tensor:
    """Enlarge images, uint8 (N, H, W, C), to uint8 (N, height, width, C). ValueError if one side would shrink."""
    if images_NHWC.shape[1] > height or images_NHWC.shape[2] > width:
        raise ValueError(f"{tuple(images_NHWC.shape)} is not enlarged by {height}x{width}")
    return _averaged(_averaged(images_NHWC, 2, width), 1, height)


def _averaged(images_NHWC: Tensor, axis: int, size: int) -> Tensor:
    before = images_NHWC.shape[axis]
    if before == size:
        return images_NHWC
    places_3S, weights_3S = _sent(before, size, images_NHWC.device)
    total = torch.tensor(1 << (WEIGHT_BITS - 1), dtype=torch.int32)  # for rounding
    for places_S, weights_S in zip(places_3S, weights_3S, strict=True):
        pixels = images_NHWC.index_select(axis, places_S).int()
        total = total + pixels * weights_S.view([-1 if other == axis else 1 for other in range(4)])
    return (total >> WEIGHT_BITS).to(torch.uint8)  # weights are positive and add up to 1: the result is in range


@lru_cache(maxsize=64)
def _sent(before: int, after: int, device: torch.device) -> tuple[Tensor, Tensor]:
    places_S3, weights_S3 = averages(before, after)
    return send(places_S3.T, device), send(weights_S3.T, device)


def averages(before: int, after: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return which of `before` pixels make each of `after`, and their weights: int32 (after, 3), weights 0 if fewer."""
    centres_S = (np.arange(after) + 0.5) * (before / after)
    first_S = np.maximum((centres_S - 0.5).astype(np.int64), 0)
    end_S = np.minimum((centres_S + 1.5).astype(np.int64), before)
    places_S3 = first_S[:, None] + np.arange(3)
    inside_S3 = places_S3 < end_S[:, None]
    shares_S3 = np.maximum(1 - np.abs(places_S3 - centres_S[:, None] + 0.5), 0) * inside_S3
    shares_S3 /= shares_S3.sum(axis=1, keepdims=True)
    weights_S3 = (0.5 + shares_S3 * (1 << WEIGHT_BITS)).astype(np.int32)
    return np.minimum(places_S3, before - 1).astype(np.int32), weights_S3
