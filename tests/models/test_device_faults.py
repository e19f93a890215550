"""Faults of a machine are told from those of a model: by class, or by the text of a RuntimeError."""

import errno

import pytest
import torch

from job.errors import DiskFullError, JobError, MachineError, WeightsError
from job.models.device_faults import is_machine_fault, is_out_of_memory, machine_faults

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "text",
    [
        "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 byt",
        "unable to mmap 2564550879 bytes from file <sam.pth>: Cannot allocate memory (12)",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
        "GET was unable to find an engine to execute this computation",
    ],
)
def test_out_of_memory_is_recognised_by_its_text(text):
    """Libraries below torch raise a plain RuntimeError."""
    assert is_out_of_memory(RuntimeError(text))


def test_out_of_memory_is_recognised_by_its_class():
    """Torch's and Python's own classes count; another fault does not, nor another class with the same text."""
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert not is_out_of_memory(ValueError("CUDA error: out of memory"))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: no kernel image is available for execution on the device"),
        RuntimeError("CUDA driver error: unknown error"),
        RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered"),
        DiskFullError("full"),
        MemoryError(),
    ],
)
def test_a_fault_of_the_machine_is_recognised(error):
    """Of the device, its libraries, the memory or the disk."""
    assert is_machine_fault(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("The size of tensor a (3) must match"), ValueError("CUDA error"), WeightsError("damaged")]
)
def test_a_fault_of_the_model_is_none_of_the_machine(error):
    """Another machine would not help."""
    assert not is_machine_fault(error)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            RuntimeError("CUDA error: no kernel image is available for execution on the device\nCompile with"),
            r"^device: cpu cannot go on \(CUDA error: no kernel image is available for execution on the device\); need",
        ),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried"),
            r"^memory: cpu has too little to go on \(CUDA out of mem",
        ),
    ],
)
def test_a_fault_of_the_machine_becomes_one_line(error, message):
    """It has the device, what failed, and the first sentence of torch's text."""
    with pytest.raises(MachineError, match=message) as caught, machine_faults(CPU, "go on"):
        raise error
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [WeightsError("damaged"), ValueError("v"), OSError(errno.EIO, "io"), DiskFullError("d")]
)
def test_other_errors_pass(error):
    """With their own class and text."""
    with pytest.raises(type(error)) as caught, machine_faults(CPU, "go on"):
        raise error
    assert caught.value is error


def test_a_fault_of_the_machine_has_an_exit_code_of_its_own():
    """4: another machine may do. 2 is for what is the same on all machines."""
    assert (MachineError.exit_code, DiskFullError.exit_code, JobError.exit_code, WeightsError.exit_code) == (4, 4, 2, 2)
