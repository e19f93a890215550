"""What a network returns must be numbers: NaN compares as below every threshold and would pass as an empty mask."""

from __future__ import annotations

import torch
from torch import Tensor

from job.errors import DataError
from job.models.device import Device


def require_finite(device: Device, *outputs: Tensor) -> None:
    """Raise DataError if an output of a network holds NaN or infinity. One answer of the device for all outputs."""
    if not torch.stack([torch.isfinite(output).all() for output in outputs]).all().item():
        precision = str(device.autocast or torch.float32).removeprefix("torch.")
        raise DataError(
            "output is not finite",
            f"the network returned NaN or infinity in {precision}; "
            "set execution.precision to fp32 or bf16, and check the weights and the device if that does not help",
        )
