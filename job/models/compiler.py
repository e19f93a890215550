"""Whether torch compiles networks on this machine. It needs a compiler of C, which not every machine has."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import torch

from job.errors import JobError

COMPILERS = {"cuda": ("CC", ("cc", "gcc", "clang")), "cpu": ("CXX", ("c++", "g++", "clang++"))}
"""The variable that names torch's compiler, and its usual names, by type of device."""


def resolve(name: str, device: torch.device) -> bool:
    """Return whether to compile: auto, on or off; `auto` on a GPU that can. JobError for `on` if nothing compiles.

    On a CPU it saves little (benchmarks/encoder_cpu_202611.md) and costs a minute, so that `auto` is off there.
    """
    if name not in ("auto", "on", "off"):
        raise JobError(f"compile: expected auto, on or off, got {name}")
    missing = lacking(device)
    if name == "on" and missing:
        raise JobError(f"compile: this machine lacks {missing}; install it, or set execution.compile to auto or off")
    return name == "on" or (name == "auto" and device.type == "cuda" and not missing)


def lacking(device: torch.device) -> str:
    """Return what torch's compiler needs for a device and this machine lacks; "" if it lacks nothing."""
    variable, names = COMPILERS[device.type]
    named = os.environ.get(variable)
    if not any(shutil.which(name) for name in ([named] if named else names)):
        return f"a C compiler ({', '.join(names)})" if device.type == "cuda" else f"a C++ compiler ({', '.join(names)})"
    if device.type == "cuda" and find_spec("triton") is None:
        return "the package triton"
    return ""
