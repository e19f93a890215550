"""The device, its precision, its set-up, and pixel counts of masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from job.errors import JobError, MachineError
from job.models import device

CPU = torch.device("cpu")
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")


def random_masks(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(len(shape)).random(shape) > 0.5)


def test_each_candidate_is_counted_against_the_truth() -> None:
    """Intersection and union are pixels, int64; the truth has 2 pixels."""
    masks_CHW = torch.tensor([[[1, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[1, 1, 1], [1, 1, 1]]], dtype=torch.bool)
    intersection_C, union_C = device.count(masks_CHW, torch.tensor([[1, 0, 0], [1, 0, 0]], dtype=torch.bool))
    assert intersection_C.tolist() == [1, 0, 2]
    assert union_C.tolist() == [3, 2, 6]
    assert intersection_C.dtype == union_C.dtype == np.int64


def test_masks_are_joined_candidate_by_candidate() -> None:
    """The first candidate is joined with the first, the second with the second."""
    first, second = random_masks(2, 4, 5), ~random_masks(2, 4, 5)
    second[1] = False
    joined = device.any_of([first, second])
    assert joined[0].all()
    assert torch.equal(joined[1], first[1])


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (16, 16), (33, 7)])
def test_bits_are_packed_as_numpy_packs_them(shape: tuple[int, int]) -> None:
    """Numpy unpacks what a GPU has packed, also if the number of pixels is not a multiple of 8."""
    mask_HW = random_masks(*shape)
    assert np.array_equal(device.pack(mask_HW).numpy(), np.packbits(mask_HW.numpy()))


def test_a_mask_is_copied_to_numpy() -> None:
    """The array is bool, has the same values, and shares no memory with the batch."""
    masks_CHW = random_masks(3, 8, 9)
    array_HW = device.to_numpy(masks_CHW[1])
    assert array_HW.dtype == np.bool_
    assert np.array_equal(array_HW, masks_CHW[1].numpy())
    assert not np.shares_memory(array_HW, masks_CHW.numpy())


@pytest.mark.parametrize("shape", [(4, 6), (1, 6), (4, 1), (1, 1)])
def test_a_truth_mask_may_have_any_strides(shape: tuple[int, int]) -> None:
    """A flipped and transposed view is copied with its own values, also along an axis of length 1."""
    truth_HW = random_masks(*shape).numpy()[::-1, ::-1].T
    assert np.array_equal(device.as_truth(truth_HW, CPU).numpy(), truth_HW)


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
