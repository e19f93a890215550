"""Whether work fits into the memory of the host and of the model's device."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from job import memory


def shortage(device: torch.device, on_device: int, on_host: int) -> str:
    """Return the figures if so many bytes do not fit, such as `needs about 9.9 GiB, 5.1 GiB are available`; else ""."""
    if device.type == "cpu":
        return _missing(on_device + on_host, "")
    free = _free_on(device)
    if on_device > free:
        return _figures(on_device, free, f" on {device}")
    return _missing(on_host, " on the host")


def reserved(device: torch.device, on_device: int, on_host: int) -> AbstractContextManager[None]:
    """Reserve the host's memory for work, for as long as the context lasts."""
    return memory.reserved(on_host + (on_device if device.type == "cpu" else 0))


def _missing(needed: int, where: str) -> str:
    return "" if memory.fits(needed) else _figures(needed, memory.available(), where)


def _figures(needed: int, free: int, where: str) -> str:
    return f"needs about {memory.as_text(needed)}, {memory.as_text(free)} are available{where}"


def _free_on(device: torch.device) -> int:
    """Return the bytes that tensors may still take: free on the device, or held by torch for new tensors."""
    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + held
