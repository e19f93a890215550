"""What a network returns must be numbers: NaN compares as below every threshold and would pass as an empty mask."""

from __future__ import annotations

from typing import NoReturn

import torch
from torch import Tensor

from job.errors import DataError


def are_finite(*outputs: Tensor) -> Tensor:
    """Return whether all that a network returned for each of N requests is finite: bool (N), on the device.

    outputs: each (N, ...). Nothing waits for the answer: it comes to the host with the figures of the masks.
    """
    return torch.stack([torch.isfinite(output).flatten(1).all(dim=1) for output in outputs]).all(dim=0)


def refuse() -> NoReturn:
    """Raise DataError for an output that is not finite."""
    raise DataError(
        "output is not finite",
        "the network returned NaN or infinity; fp16 holds no number beyond 65504, so set execution.precision to fp32 "
        "or bf16, and check the weights and the device if that does not help",
    )
