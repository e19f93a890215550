"""Weights in the dtype in which autocast would multiply them, cast once rather than in every pass."""

from __future__ import annotations

import torch
from torch import nn


def cast_products(network: nn.Module, dtype: torch.dtype | None) -> None:
    """Cast the weights of layers and convolutions in place; None leaves them.

    Under autocast the network returns the same numbers. All that autocast leaves in float32 stays so, such as norms.
    """
    for module in network.modules():
        if dtype and isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            module.to(dtype)
