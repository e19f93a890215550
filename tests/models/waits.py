"""What would make the host wait for a GPU, counted on a CPU.

A GPU works behind the host, until the host needs a number from it: for `if`, to index by a mask (how many are true?),
or to copy results. On a CPU the same code runs through the same operators and methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
OPERATORS = {
    aten._local_scalar_dense,  # a number: item, bool, int, float
    aten.nonzero,
    aten.masked_select,
    aten.equal,
    aten._unique2,
    aten.unique_dim,
    aten.unique_consecutive,
}
METHODS = {"cpu", "numpy", "tolist"}
"""A tensor that is on the CPU already is not copied, so that they call no operator."""


@contextmanager
def counted() -> Iterator[list[str]]:
    """Record what would wait for a GPU inside the context: names of operators and methods, in order."""
    found: list[str] = []
    with _Methods(found), _Operators(found):
        yield found


class _Operators(TorchDispatchMode):
    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func.overloadpacket in OPERATORS or _picks_by_mask(func, args) or _leaves_a_gpu(func, args, kwargs or {}):
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))


class _Methods(TorchFunctionMode):
    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name in METHODS and func is getattr(Tensor, name):
            self.found.append(f"Tensor.{name}")
        return func(*args, **(kwargs or {}))


def _picks_by_mask(func: Any, args: Sequence[Any]) -> bool:
    if func.overloadpacket not in (aten.index, aten.index_put, aten.index_put_):
        return False
    return any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1])


def _leaves_a_gpu(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    if func.overloadpacket is aten._to_copy:
        target = kwargs.get("device")
        return target is not None and target.type == "cpu" and args[0].device.type != "cpu"
    return func.overloadpacket is aten.copy_ and args[0].device.type == "cpu" and args[1].device.type != "cpu"
