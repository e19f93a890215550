"""A GPU that was given and cannot be used is refused with what was found, what is needed, and the ways out."""

import pytest
import torch

from job.errors import MachineError
from job.models import device, usable_gpu
from job.models.given_gpu import GivenGpu

OLD = GivenGpu(signs=("/dev/nvidia0", "/proc/driver/nvidia/version"), driver="535.104.05")


@pytest.fixture
def old_driver(monkeypatch):
    """A machine with a GPU whose driver is too old for this build of torch."""

    def refuse():
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 12020). Please update your GPU")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", refuse)
    monkeypatch.setattr(usable_gpu, "given_gpu", lambda environment, root: OLD)


@pytest.mark.usefixtures("old_driver")
@pytest.mark.parametrize("name", ["auto", "cuda", "cuda:1"])
def test_an_old_driver_does_not_make_a_run_on_the_cpu(name):
    """One line has the signs, torch's reason without its advice, the driver, the needs and the ways out."""
    with pytest.raises(MachineError) as caught:
        device.resolve_device(name)
    text = str(caught.value)
    assert text.startswith(
        "device: this machine was given a GPU (/dev/nvidia0, /proc/driver/nvidia/version) that cannot be used: "
        "The NVIDIA driver on your system is too old (found version 12020); driver found: 535.104.05; needed: "
    )
    for way_out in ("update the driver", "--gpus all", "execution.device to cpu", "CUDA_VISIBLE_DEVICES=-1"):
        assert way_out in text
    assert "\n" not in text


@pytest.mark.usefixtures("old_driver")
def test_the_cpu_that_was_asked_for_is_used_whatever_gpu_there_is():
    """One of the ways out."""
    assert device.resolve_device("cpu") == torch.device("cpu")


def test_torch_itself_says_why_it_sees_no_gpu(monkeypatch):
    """Here because of its own reading of this machine, which hides its GPU if it has one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "99")
    with pytest.raises(MachineError, match=r"given a GPU \(.*CUDA_VISIBLE_DEVICES=99\) that cannot be used: \w+"):
        device.resolve_device("auto")


@pytest.mark.parametrize(
    ("cuda", "architectures", "expected"),
    [
        ("13.0", ["sm_75", "sm_80", "sm_120"], "NVIDIA driver 580 or later, for CUDA 13.0, and a GPU of compute cap"),
        (
            "12.8",
            ["sm_90a", "sm_100"],
            "NVIDIA driver 525 or later, for CUDA 12.8, and a GPU of compute capability 9.0",
        ),
        ("13.0", [], "compute capability 7.5 or later"),
        ("14.1", ["sm_100", "compute_120"], "an NVIDIA driver for CUDA 14.1, and a GPU of compute capability 10.0"),
        (None, [], "a build of torch with CUDA"),
    ],
)
def test_the_needs_are_those_of_the_build_of_torch(cuda, architectures, expected):
    """Its version of CUDA and the architectures that it was compiled for."""
    assert expected in usable_gpu.needs(cuda, architectures)
