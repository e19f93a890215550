"""The device, its precision, and its set-up."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from job.errors import JobError, MachineError
from job.models import device

CPU = torch.device("cpu")
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")


@without_gpu
def test_without_a_gpu_auto_is_the_cpu() -> None:
    """A CUDA device is refused with a remedy."""
    assert device.resolve_device("auto") == CPU
    assert device.resolve_precision("auto", CPU) == "fp32"
    with pytest.raises(JobError, match=r"cuda:1 was asked for.*set execution\.device to auto or cpu"):
        device.resolve_device("cuda:1")


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "mps", "cpu:0:0"])
def test_other_devices_are_refused(name: str) -> None:
    """Only auto, cpu, cuda and cuda:N are accepted."""
    with pytest.raises(JobError, match=f"expected auto, cpu, cuda or cuda:N, got {name}"):
        device.resolve_device(name)


def test_a_cpu_has_bfloat16_but_no_float16() -> None:
    """The refusal names the precisions that it has."""
    assert device.Device.of(CPU, "bf16").autocast == torch.bfloat16
    assert device.Device.of(CPU, "fp32").autocast is None
    with pytest.raises(JobError, match=r"fp16 needs a GPU; set execution\.precision to fp32 or bf16"):
        device.resolve_precision("fp16", CPU)
    with pytest.raises(JobError, match="expected auto, fp32, bf16, fp16, got fp8"):
        device.resolve_precision("fp8", CPU)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cpu", []), ("cuda:1", [("synchronize", torch.device("cuda:1")), ("empty_cache",)])],
)
def test_memory_is_freed_on_the_device_of_the_study(
    monkeypatch: pytest.MonkeyPatch, name: str, expected: list[Any]
) -> None:
    """No other GPU is touched; on a CPU, CUDA is not called at all."""
    calls: list[Any] = []
    for call in ("is_available", "synchronize", "empty_cache"):
        monkeypatch.setattr(torch.cuda, call, lambda *arguments, call=call: calls.append((call, *arguments)) or True)
    device.free_memory(torch.device(name))
    assert calls == expected


def test_a_lost_device_is_a_fault_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA reports it again when it is waited for."""

    def lost(device: torch.device) -> None:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(torch.cuda, "synchronize", lost)
    with pytest.raises(MachineError, match=r"cuda.* cannot go on \(CUDA error: unspecified launch failure\)"):
        device.free_memory(torch.device("cuda"))


def test_a_device_is_described() -> None:
    """Device, its name, torch's version and the number of threads are named."""
    facts = device.describe(CPU)
    assert facts["device"] == "cpu"
    assert facts["device_name"]
    assert facts["torch"] == torch.__version__
    assert facts["threads"] == torch.get_num_threads()


@pytest.mark.parametrize("name", ["cuda:2", "cuda:9"])
def test_a_gpu_that_does_not_exist_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names how many there are; they are numbered from 0."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(MachineError, match=f"{name} was asked for, but torch .* sees 2 CUDA devices"):
        device.resolve_device(name)


@pytest.mark.parametrize(("capability", "is_refused"), [((7, 5), True), ((8, 0), False), ((9, 0), False)])
def test_bfloat16_needs_a_gpu_that_has_it(
    capability: tuple[int, int], is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From compute capability 8.0 on; the refusal names the GPU."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Old GPU")
    if is_refused:
        with pytest.raises(JobError, match="Old GPU has no bf16; set fp16 or fp32"):
            device.resolve_precision("bf16", torch.device("cuda"))
    else:
        assert device.resolve_precision("bf16", torch.device("cuda")) == "bf16"
