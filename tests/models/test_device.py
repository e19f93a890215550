"""The device, its precision, and counts against arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from job.errors import JobError
from job.models import device

CPU = torch.device("cpu")
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")


def random_masks(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(len(shape)).random(shape) > 0.5)


def test_counts() -> None:
    """Intersection and union of each candidate, in pixels."""
    masks_CHW = torch.tensor([[[1, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[1, 1, 1], [1, 1, 1]]], dtype=torch.bool)
    intersection_C, union_C = device.count(masks_CHW, torch.tensor([[1, 0, 0], [1, 0, 0]], dtype=torch.bool))
    assert intersection_C.tolist() == [1, 0, 2]
    assert union_C.tolist() == [3, 2, 6]
    assert intersection_C.dtype == union_C.dtype == np.int64


def test_counts_of_many() -> None:
    """Pairs of different sizes and numbers of candidates give what each gives alone, in order."""
    masks = [random_masks(3, 20, 30), random_masks(1, 5, 7), random_masks(3, 64, 1)]
    truths = [random_masks(20, 30), random_masks(5, 7), random_masks(64, 1)]
    for many, mask_CHW, truth_HW in zip(device.count_many(masks, truths), masks, truths, strict=True):
        assert np.array_equal(many, device.count(mask_CHW, truth_HW))
    assert device.count_many([], []) == []


def test_or_candidate_by_candidate() -> None:
    """The first candidates are joined with the first, the second with the second."""
    first, second = random_masks(2, 4, 5), ~random_masks(2, 4, 5)
    second[1] = False
    joined = device.any_of([first, second])
    assert joined[0].all()
    assert torch.equal(joined[1], first[1])


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (16, 16), (33, 7)])
def test_packed_bits_are_numpys(shape: tuple[int, int]) -> None:
    """What leaves a GPU is unpacked by numpy, whatever the number of pixels."""
    mask_HW = random_masks(*shape)
    assert np.array_equal(device.pack(mask_HW).numpy(), np.packbits(mask_HW.numpy()))


def test_a_mask_comes_as_a_copy() -> None:
    """The array is bool, equal, and no view of the batch."""
    masks_CHW = random_masks(3, 8, 9)
    array_HW = device.to_numpy(masks_CHW[1])
    assert array_HW.dtype == np.bool_
    assert np.array_equal(array_HW, masks_CHW[1].numpy())
    assert not np.shares_memory(array_HW, masks_CHW.numpy())


def test_truth_may_be_any_view() -> None:
    """A flipped or transposed mask is brought to the device as it looks."""
    truth_HW = random_masks(4, 6).numpy()[::-1, ::-1].T
    assert np.array_equal(device.as_truth(truth_HW, CPU).numpy(), truth_HW)


@without_gpu
def test_without_a_gpu() -> None:
    """`auto` is the CPU in float32; `cuda` says what to do."""
    assert device.resolve_device("auto") == CPU
    assert device.resolve_precision("auto", CPU) == "fp32"
    with pytest.raises(JobError, match=r"cuda:1 was asked for.*set execution\.device to auto or cpu"):
        device.resolve_device("cuda:1")


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "mps", "cpu:0:0"])
def test_other_devices_are_refused(name: str) -> None:
    """Only auto, cpu and cuda are devices here."""
    with pytest.raises(JobError, match=f"expected auto, cpu, cuda or cuda:N, got {name}"):
        device.resolve_device(name)


def test_precisions_of_a_cpu() -> None:
    """A CPU has bfloat16 but no float16."""
    assert device.Device.of(CPU, "bf16").autocast == torch.bfloat16
    assert device.Device.of(CPU, "fp32").autocast is None
    with pytest.raises(JobError, match=r"fp16 needs a GPU; set execution\.precision to fp32 or bf16"):
        device.resolve_precision("fp16", CPU)
    with pytest.raises(JobError, match="expected auto, fp32, bf16, fp16, got fp8"):
        device.resolve_precision("fp8", CPU)


@pytest.mark.parametrize(
    "text",
    [
        "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 byt",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "GET was unable to find an engine to execute this computation",
    ],
)
def test_out_of_memory_by_its_text(text: str) -> None:
    """Libraries below torch raise no kind of their own."""
    assert device.is_out_of_memory(RuntimeError(text))


def test_out_of_memory_by_its_kind() -> None:
    """Torch's own and Python's; no other fault, and no other kind that tells of one."""
    assert device.is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))
    assert device.is_out_of_memory(MemoryError())
    assert not device.is_out_of_memory(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert not device.is_out_of_memory(ValueError("CUDA error: out of memory"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cpu", []), ("cuda:1", [("synchronize", torch.device("cuda:1")), ("empty_cache",)])],
)
def test_memory_is_freed_on_the_device_of_the_study(
    monkeypatch: pytest.MonkeyPatch, name: str, expected: list[Any]
) -> None:
    """A GPU that the study does not use is left alone, and on a CPU even whether there is one."""
    asked: list[Any] = []
    for call in ("is_available", "synchronize", "empty_cache"):
        monkeypatch.setattr(torch.cuda, call, lambda *given, call=call: asked.append((call, *given)) or True)
    device.free_memory(torch.device(name))
    assert asked == expected


def test_description() -> None:
    """Footers say on what, with which torch and how many threads a part was made."""
    told = device.describe(CPU)
    assert told["device"] == "cpu"
    assert told["device_name"]
    assert told["torch"] == torch.__version__
    assert told["threads"] == torch.get_num_threads()
