"""Copies between host and device that nothing waits for."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class HostCopy:
    """A copy of a tensor to the host, under way while host and device go on.

    From a GPU it is asynchronous, into pinned memory. On a CPU nothing is copied: the tensor must not change afterwards.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._arrived: torch.cuda.Event | None = None
        self._tensor = tensor
        if tensor.device.type == "cuda":
            self._tensor = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            self._tensor.copy_(tensor, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record(torch.cuda.current_stream(tensor.device))

    def numpy(self) -> NDArray[Any]:
        """Return the array; wait for it only if it has not arrived yet."""
        if self._arrived is not None:
            self._arrived.synchronize()
            self._arrived = None
        array: NDArray[Any] = self._tensor.numpy()
        return array


def send(device: torch.device, *arrays: NDArray[Any]) -> list[Tensor]:
    """Copy arrays of one dtype to the device in one go; to a GPU through pinned memory, without waiting."""
    together = torch.from_numpy(np.concatenate([array.reshape(-1) for array in arrays]))
    if device.type == "cuda":
        together = together.pin_memory().to(device, non_blocking=True)
    parts = together.split([array.size for array in arrays])
    return [part.view(array.shape) for part, array in zip(parts, arrays, strict=True)]
