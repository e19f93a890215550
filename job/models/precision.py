"""The precisions of a spec, and which of them `auto` is. Imports no torch, so that a plan needs none."""

from __future__ import annotations

from typing import Literal, get_args

from job.errors import JobError

Precision = Literal["fp32", "bf16", "fp16"]


def planned_precision(name: str) -> Precision:
    """Return the planned precision: the name itself; fp32 for `auto`, as without records of a lower one."""
    for precision in get_args(Precision):
        if name in (precision, "auto"):
            known: Precision = precision
            return known
    raise JobError(f"precision: expected auto, {', '.join(get_args(Precision))}, got {name}")
