"""Faults of this machine: of its device, and of too little memory. Recognised by class, or by text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from job.errors import MachineError, lacks_memory
from job.models.usable_gpu import WAYS_OUT, brief, needs_here

DEVICE_MEMORY_TEXTS = (
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_NOT_INITIALIZED",
    "unable to find an engine to execute this computation",
    "could not create a primitive",
)
"""Texts of a RuntimeError that mean out of memory: from the CUDA driver, cuBLAS, cuDNN (old and new), oneDNN.

cuBLAS and cuDNN report NOT_INITIALIZED if there is no memory for their handles.
"""
DEVICE_TEXTS = ("CUDA error", "CUDA driver error", "CUBLAS_STATUS_", "CUDNN_STATUS_")
"""Texts of a RuntimeError from a GPU or its libraries."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether the device or the machine ran out of memory, so that a smaller batch may succeed."""
    if isinstance(error, torch.OutOfMemoryError) or lacks_memory(error):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in DEVICE_MEMORY_TEXTS)


def is_machine_fault(error: BaseException) -> bool:
    """Return whether an error is of this machine: of its device, or of too little memory. Another may succeed."""
    if isinstance(error, MachineError | torch.AcceleratorError) or is_out_of_memory(error):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in DEVICE_TEXTS)


@contextmanager
def machine_faults(device: torch.device, action: str) -> Iterator[None]:
    """Raise MachineError for a fault of the device, or of too little memory. action: what failed, such as "run"."""
    try:
        yield
    except MachineError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise MachineError(
                f"memory: {_name(device)} has too little to {action} ({brief(error)}); end other programs that use "
                "it, use a smaller model, or take a machine with more"
            ) from error
        if is_machine_fault(error):
            raise device_error(device, f"cannot {action} ({brief(error)})") from error
        raise


def device_error(device: torch.device, problem: str) -> MachineError:
    """Return the error for a device that torch sees but that fails. problem: its verb, and what it said."""
    return MachineError(f"device: {_name(device)} {problem}; needed: {needs_here()}; {WAYS_OUT}")


def _name(device: torch.device) -> str:
    """Return how a message calls a device. A lost GPU may not answer."""
    try:
        name, capability = torch.cuda.get_device_name(device), torch.cuda.get_device_capability(device)
    except (RuntimeError, AssertionError, ValueError):
        return str(device)
    return f"{device} ({name}, compute capability {capability[0]}.{capability[1]})"
