"""Setting up a device changes the process; resolving its name does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import torch

from job.models import device

CPU = torch.device("cpu")
FAST = {"matmul TF32": True, "cudnn TF32": True, "cudnn benchmark": True, "cudnn deterministic": False}
EXACT = {"matmul TF32": False, "cudnn TF32": False, "cudnn benchmark": False, "cudnn deterministic": True}


def backend_flags() -> dict[str, bool]:
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    return {
        "matmul TF32": matmul.allow_tf32,
        "cudnn TF32": cudnn.allow_tf32,
        "cudnn benchmark": cudnn.benchmark,
        "cudnn deterministic": cudnn.deterministic,
    }


def set_backend_flags(flags: Mapping[str, bool]) -> None:
    torch.backends.cuda.matmul.allow_tf32 = flags["matmul TF32"]
    torch.backends.cudnn.allow_tf32 = flags["cudnn TF32"]
    torch.backends.cudnn.benchmark = flags["cudnn benchmark"]
    torch.backends.cudnn.deterministic = flags["cudnn deterministic"]


@pytest.fixture
def fast_backends() -> Iterator[None]:
    """All flags are set for speed, and restored after the test."""
    before = backend_flags()
    set_backend_flags(FAST)
    yield
    set_backend_flags(before)


@pytest.fixture
def allocator_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of `keep_freed_memory`, which is replaced."""
    calls: list[str] = []
    monkeypatch.setattr(device, "keep_freed_memory", lambda: calls.append("keep") or True)
    return calls


@pytest.mark.usefixtures("fast_backends")
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_gpu_is_configured_for_equal_rows(name: str, allocator_calls: list[str]) -> None:
    """No TF32, no cuDNN benchmarking, deterministic convolutions; the CPU's allocator is left alone."""
    device.configure(torch.device(name))
    assert backend_flags() == EXACT
    assert allocator_calls == []


@pytest.mark.usefixtures("fast_backends")
def test_a_cpu_is_configured_to_keep_freed_memory(allocator_calls: list[str]) -> None:
    """The flags of the GPU's libraries are left alone."""
    device.configure(CPU)
    assert allocator_calls == ["keep"]
    assert backend_flags() == FAST


@pytest.mark.usefixtures("fast_backends")
@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:1"])
def test_resolving_a_device_has_no_side_effect(
    name: str, allocator_calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands that only describe a device change neither the flags nor the allocator."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    expected = {"auto": "cuda"}.get(name, name)
    assert device.resolve_device(name) == torch.device(expected)
    assert backend_flags() == FAST
    assert allocator_calls == []
