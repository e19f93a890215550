"""The torch device and its precision."""

from __future__ import annotations

import gc
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from job import memory
from job.errors import JobError, MachineError
from job.models import compiler
from job.models.allocator import keep_freed_memory
from job.models.device_faults import machine_faults
from job.models.precision import Precision, planned_precision
from job.models.replay import Replay
from job.models.threads import limit_threads
from job.models.usable_gpu import gpu_is_available, require_usable

TorchDevice = torch.device
"""The type `torch.device`, for rooms that may not import torch."""

AUTOCAST: dict[Precision, torch.dtype | None] = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
NATIVE_BF16 = (8, 0)
"""Compute capability from which a GPU multiplies bfloat16 (NVIDIA Ampere)."""


NATIVE_FP16 = (7, 0)
"""Compute capability from which a GPU multiplies float16 in matrix units (NVIDIA Volta)."""
CPU_BF16 = frozenset({"avx512_bf16", "amx_bf16"})
"""Features of a CPU that multiplies bfloat16, either of them, as Linux names them."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """A torch device and the dtype of its autocast regions. autocast: None computes in float32 throughout.

    compiled: whether torch compiles the networks that gain by it.
    """

    device: torch.device
    autocast: torch.dtype | None = None
    compiled: bool = False

    @classmethod
    def of(cls, device: torch.device, precision: str = "fp32", compiling: str = "auto") -> Device:
        """Combine a device with a precision (auto, fp32, bf16 or fp16), and with whether to compile (auto, on or off).

        JobError if the device does not support them.
        """
        autocast = AUTOCAST[resolve_precision(precision, device)]
        return cls(device=device, autocast=autocast, compiled=compiler.resolve(compiling, device))

    @contextmanager
    def autocasting(self) -> Iterator[None]:
        """Run the enclosed code under torch autocast if the precision is not float32."""
        with torch.autocast(self.device.type, dtype=self.autocast, enabled=self.autocast is not None):
            yield


def resolve_device(name: str) -> torch.device:
    """Return the device that auto, cpu, cuda or cuda:N names; `auto` is a GPU if there is one. No side effects.

    Raise MachineError if this machine lacks the device, or was given a GPU that cannot be used.
    """
    if name == "cpu":
        return torch.device("cpu")
    device = _cuda_device(name)
    count = torch.cuda.device_count() if gpu_is_available() else 0
    if count == 0:
        require_usable()
    if name == "auto" and count == 0:
        return torch.device("cpu")
    if (device.index or 0) >= count:
        raise MachineError(
            f"device: {name} was asked for, but torch {torch.__version__} sees {count} CUDA devices here; "
            "set execution.device to auto or cpu, or start the container with its GPUs"
        )
    return device


def _cuda_device(name: str) -> torch.device:
    try:
        device = torch.device("cuda" if name == "auto" else name)
    except RuntimeError:
        raise JobError(f"device: expected auto, cpu, cuda or cuda:N, got {name}") from None
    if device.type != "cuda":
        raise JobError(f"device: expected auto, cpu, cuda or cuda:N, got {name}")
    return device


def configure(device: torch.device, processors: int | None = None) -> None:
    """Set up this process for a device, once, before models are built.

    On a GPU: no TF32, no cuDNN benchmarking, and deterministic convolutions, so that rows are the same every time. On a
    CPU: freed memory is kept. processors: those that this process may use, which torch then takes at most.
    """
    if processors is not None:
        limit_threads(processors)
    if device.type == "cpu":
        keep_freed_memory()
        return
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def resolve_precision(name: str, device: torch.device) -> Precision:
    """Return the planned precision; JobError if the device does not support it."""
    precision, on_gpu = planned_precision(name), device.type == "cuda"
    if precision == "fp16" and not on_gpu:
        raise JobError("precision: fp16 needs a GPU; set execution.precision to fp32 or bf16, or run on a GPU")
    if precision == "bf16" and on_gpu and torch.cuda.get_device_capability(device) < NATIVE_BF16:
        raise JobError(f"precision: {torch.cuda.get_device_name(device)} has no bf16; set fp16 or fp32")
    return precision


def has_natively(precision: Precision, device: torch.device) -> bool:
    """Return whether a device computes in this precision faster than in float32."""
    if precision == "fp32":
        return True
    if device.type == "cuda":
        native = NATIVE_BF16 if precision == "bf16" else NATIVE_FP16
        return torch.cuda.get_device_capability(device) >= native
    return precision == "bf16" and not CPU_BF16.isdisjoint(_cpuinfo("flags").split())


def free_memory(device: torch.device) -> None:
    """Return memory that is no longer used to the machine and the device. Raise MachineError if the device is lost."""
    gc.collect()
    memory.release()
    if device.type == "cuda":
        with machine_faults(device, "go on"):
            torch.cuda.synchronize(device)
            Replay.forget_all()
            torch.cuda.empty_cache()


def describe(device: torch.device) -> dict[str, Any]:
    """Return everything about the device that can change the last bits of a row, for footers and manifests."""
    on_gpu = device.type == "cuda"
    return {
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if on_gpu else _cpu_name(),
        "device_memory_bytes": torch.cuda.get_device_properties(device).total_memory if on_gpu else None,
        "torch": torch.__version__,
        "cuda": torch.version.cuda if on_gpu else None,
        "cudnn": torch.backends.cudnn.version() if on_gpu else None,  # type: ignore[no-untyped-call]
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


def _cpu_name() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(key: str) -> str:
    """Return what Linux says about the first CPU; elsewhere, where platform.processor() is not empty, an empty text."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
