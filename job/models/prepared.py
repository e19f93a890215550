"""Images on their way to an encoder: resized on the host by any thread, put on squares on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from job.models.host_copy import send


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """An image after the host's part of encoding. height, width: of the image itself. resized_HWC: uint8."""

    height: int
    width: int
    resized_HWC: NDArray[np.uint8] = field(repr=False)


def on_squares(images: Sequence[Prepared], side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Copy images to the device, each to the top left of a square; nothing waits for the copy.

    Return the pixels, uint8 (N, 3, S, S) with zeros beside the images, and where the images are, bool (N, 1, S, S).
    """
    pixels_NSSC = torch.zeros((len(images), side, side, 3), dtype=torch.uint8, pin_memory=device.type == "cuda")
    for square_SSC, image in zip(pixels_NSSC, images, strict=True):
        height, width = image.resized_HWC.shape[:2]
        square_SSC[:height, :width] = torch.from_numpy(image.resized_HWC)
    sizes_N2 = send(np.array([image.resized_HWC.shape[:2] for image in images]), device)
    places_S = torch.arange(side, device=device)
    rows_NS, columns_NS = (places_S < sizes_N[:, None] for sizes_N in sizes_N2.unbind(1))
    inside_NSS = rows_NS[:, :, None] & columns_NS[:, None, :]
    return pixels_NSSC.to(device, non_blocking=True).permute(0, 3, 1, 2), inside_NSS[:, None]
