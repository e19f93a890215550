"""Copies between host and device that nothing waits for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class HostCopy:
    """A copy of a tensor to the host, under way while host and device go on.

    From a GPU it is asynchronous, into pinned memory. On a CPU nothing is copied: the tensor must not change later.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._arrived: torch.cuda.Event | None = None
        self._tensor = tensor
        self._array: NDArray[Any] | None = None
        if tensor.device.type == "cuda":
            self._tensor = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            self._tensor.copy_(tensor, non_blocking=True)
            # A thread that sleeps while it waits leaves its core to those that compute prompts.
            self._arrived = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
            self._arrived.record(torch.cuda.current_stream(tensor.device))

    def numpy(self) -> NDArray[Any]:
        """Return the array; wait for it only if it has not arrived yet."""
        if self._arrived is not None:
            self._arrived.synchronize()
            self._arrived = None
        if self._array is None:
            self._array = self._tensor.numpy()
        return self._array


def send(array: NDArray[Any], device: torch.device) -> Tensor:
    """Copy an array to the device; to a GPU through pinned memory, without waiting. On a CPU memory is shared."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def send_together(arrays: Sequence[NDArray[Any]], device: torch.device) -> list[Tensor]:
    """Copy arrays of one dtype to the device as `send` does, in one go."""
    if not arrays:
        return []
    sent = send(np.concatenate([array.reshape(-1) for array in arrays]), device)
    parts = torch.split(sent, [array.size for array in arrays])
    return [part.view(array.shape) for part, array in zip(parts, arrays, strict=True)]
