"""A small forward pass before any work, so that a device that cannot run a kernel is known at once."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from job.models.device import Device
from job.models.device_faults import device_error, machine_faults

TOLERANCE = 0.1
"""Most that a number of the trial, about 1, may differ between bfloat16 and float32."""


def try_out(device: Device) -> None:
    """Run a small forward pass; MachineError if the device cannot, or computes something else than the CPU.

    It has what the models are made of: convolution, attention, matrix product.
    """
    numbers = torch.Generator().manual_seed(0)
    inputs = [torch.randn(shape, generator=numbers) for shape in ((2, 3, 32, 32), (64, 3, 8, 8), (64, 64))]
    with machine_faults(device.device, "run a small forward pass"), torch.inference_mode():
        on_device = [tensor.to(device.device) for tensor in inputs]
        with device.autocasting():
            found = _forward(*on_device)
        difference = (found.float().cpu() - _forward(*inputs)).abs().max().item()
    if not difference <= TOLERANCE:  # also if it is not a number
        problem = f"computes wrong numbers: a small forward pass differs from the CPU's by {difference:g}"
        raise device_error(device.device, problem)


def _forward(images: Tensor, kernels: Tensor, weights: Tensor) -> Tensor:
    """Return (2, 16, 64): a convolution in patches of 8x8, attention between them, and a layer; values about 1."""
    patches = functional.conv2d(images, kernels, stride=8).flatten(2).transpose(1, 2)
    tokens = functional.layer_norm(patches, patches.shape[-1:])
    attended = functional.scaled_dot_product_attention(tokens, tokens, tokens)
    return functional.linear(attended, weights) / 8
