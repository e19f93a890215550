"""The truths of a prompt block: packed on the host, and copied to the device once, together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from job.models import bits
from job.models.host_copy import send


class Truths:
    """Truth masks, bool (H, W) of any sizes, by their index in the block."""

    def __init__(self, masks: Sequence[NDArray[np.bool_]]) -> None:
        self._packed = [bits.pack_array(mask_HW) for mask_HW in masks]
        self._on_device: Sequence[Tensor] = ()
        self.areas = [int(np.count_nonzero(mask_HW)) for mask_HW in masks]

    def bits(self, index: int, device: torch.device) -> Tensor:
        """Return the bits of one truth on the device, uint8 (B)."""
        if not self._on_device:
            together = send(np.concatenate(self._packed), device)
            self._on_device = torch.split(together, [len(packed) for packed in self._packed])
        return self._on_device[index]
