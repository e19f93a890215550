"""A small forward pass before any work."""

import pytest
import torch

from job.errors import MachineError
from job.models import trial
from job.models.device import Device

CPU = torch.device("cpu")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_device_that_computes_right_passes(precision):
    """In the precision of the study."""
    trial.try_out(Device.of(CPU, precision))


def test_a_device_that_cannot_run_a_kernel_is_refused(monkeypatch):
    """With CUDA's words, and what a GPU needs; `no kernel image` is what a GPU that is too old says."""

    def too_old(*arguments, **options):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    monkeypatch.setattr(trial.functional, "conv2d", too_old)
    with pytest.raises(MachineError, match=r"cannot run a small forward pass \(CUDA error: no kernel .*; needed: "):
        trial.try_out(Device.of(CPU))


@pytest.mark.parametrize("wrong", [0.0, float("nan")])
def test_a_device_that_computes_wrong_numbers_is_refused(monkeypatch, wrong):
    """The first pass is the device's, the second the CPU's."""
    forward, factors = trial._forward, [wrong, 1.0]
    monkeypatch.setattr(trial, "_forward", lambda *inputs: forward(*inputs) * factors.pop(0))
    with pytest.raises(MachineError, match="computes wrong numbers"):
        trial.try_out(Device.of(CPU))
