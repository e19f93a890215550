"""How busy the device is, where it can be read."""

from __future__ import annotations

import torch


def utilisation(device: torch.device) -> int | None:
    """Return for how many percent of the last second or less the GPU ran a kernel; None where it cannot be read.

    NVIDIA's driver is asked through the package nvidia-ml-py, which is optional.
    """
    if device.type != "cuda":
        return None
    try:
        return int(torch.cuda.utilization(device))
    except Exception:  # the package is missing, or raises errors of its own for a driver or container without NVML
        return None
