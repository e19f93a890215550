"""Images on their way to an encoder: the host's part by any thread, the rest on the device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from job.models.host_copy import send

Resize = Callable[[Tensor, int, int], Tensor]
"""Brings images, uint8 (N, H, W, 3), to a height and a width."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """An image after the host's part of encoding. height, width: of the image itself. size: on the square, (h, w).

    pixels_HWC: uint8, at that size or at another from which the device resizes them.
    """

    height: int
    width: int
    size: tuple[int, int]
    pixels_HWC: NDArray[np.uint8] = field(repr=False)


def on_squares(images: Sequence[Prepared], side: int, device: torch.device, resize: Resize) -> tuple[Tensor, Tensor]:
    """Copy images to the device, each to the top left of a square; nothing waits for the copy.

    Return the pixels, uint8 (N, 3, S, S) with zeros beside the images, and where the images are, bool (N, 1, S, S).
    """
    pixels_NSSC = torch.zeros((len(images), side, side, 3), dtype=torch.uint8, device=device)
    for (_, (height, width)), numbers in _alike(images).items():
        together_NHWC = send(np.stack([images[number].pixels_HWC for number in numbers]), device)
        for number, pixels_HWC in zip(numbers, resize(together_NHWC, height, width), strict=True):
            pixels_NSSC[number, :height, :width] = pixels_HWC
    sizes_N2 = send(np.array([image.size for image in images]), device)
    places_S = torch.arange(side, device=device)
    rows_NS, columns_NS = (places_S < sizes_N[:, None] for sizes_N in sizes_N2.unbind(1))
    inside_NSS = rows_NS[:, :, None] & columns_NS[:, None, :]
    return pixels_NSSC.permute(0, 3, 1, 2), inside_NSS[:, None]


def _alike(images: Sequence[Prepared]) -> dict[tuple[tuple[int, ...], tuple[int, int]], list[int]]:
    """Return the numbers of images by their shapes on the host and on the square."""
    alike: defaultdict[tuple[tuple[int, ...], tuple[int, int]], list[int]] = defaultdict(list)
    for number, image in enumerate(images):
        alike[image.pixels_HWC.shape, image.size].append(number)
    return alike
