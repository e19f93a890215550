"""What torch needs of a GPU, and the refusal of one that was given and cannot be used."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch

from job.errors import MachineError
from job.models.given_gpu import GivenGpu, given_gpu

DRIVERS = {"12": "525", "13": "580"}
"""The oldest driver branch for each major version of CUDA, from NVIDIA's table of minor version compatibility."""
OLDEST_CAPABILITY = "7.5"
"""Of the locked build of torch; used where torch does not list what it was compiled for."""
WAYS_OUT = (
    "update the driver, start a container with its GPUs (--gpus all), or compute on the CPU: "
    "set execution.device to cpu, or hide the GPU with CUDA_VISIBLE_DEVICES=-1"
)
LONGEST_REASON = 200


def gpu_is_available() -> bool:
    """Return whether torch sees a GPU. Its warning about an old driver is left to `require_usable`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.cuda.is_available()


def require_usable() -> None:
    """Raise MachineError if this machine was given a GPU. To be called where torch sees none."""
    given = given_gpu(os.environ, Path("/"))
    if given is not None:
        raise unusable(given, _why_unavailable(), needs_here())


def unusable(given: GivenGpu, reason: str, needed: str) -> MachineError:
    """Return the error for a GPU that this machine was given, and that torch does not see."""
    return MachineError(
        f"device: this machine was given a GPU ({', '.join(given.signs)}) that cannot be used: {reason}; "
        f"driver found: {given.driver or 'none'}; needed: {needed}; {WAYS_OUT}"
    )


def needs(cuda: str | None, architectures: Sequence[str]) -> str:
    """Return what a build of torch needs of a GPU. cuda: such as 13.0; architectures: such as sm_75, sm_90a."""
    if cuda is None:
        return f"a build of torch with CUDA (this one, {torch.__version__}, has none)"
    numbers = [int(found[1]) for name in architectures if (found := re.match(r"sm_(\d+)", name))]
    oldest = f"{min(numbers) // 10}.{min(numbers) % 10}" if numbers else OLDEST_CAPABILITY
    driver = DRIVERS.get(cuda.partition(".")[0])
    branch = f"NVIDIA driver {driver} or later, for CUDA {cuda}" if driver else f"an NVIDIA driver for CUDA {cuda}"
    return f"{branch}, and a GPU of compute capability {oldest} or later"


def needs_here() -> str:
    """Return what the installed torch needs of a GPU."""
    return needs(torch.version.cuda, torch.cuda.get_arch_list())


def _why_unavailable() -> str:
    """Return what torch says about the missing GPU."""
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:
        return brief(error)
    return "torch sees no CUDA device"


def brief(error: BaseException) -> str:
    """Return the first sentence of an error, whose other lines are general advice."""
    first_line = str(error).strip().partition("\n")[0]
    return re.split(r"\.\s+(?=[A-Z])", first_line)[0].rstrip(".")[:LONGEST_REASON] or type(error).__name__
