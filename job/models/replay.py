"""CUDA graphs: a function of tensors whose hundreds of kernels a GPU starts in one call of the host.

The host takes longer to start a small kernel than the GPU to run it. A graph holds the kernels of a call with all their
addresses; its inputs are copied to where the first call had them, and its outputs from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor

Form = tuple[Any, ...]
"""Shapes and dtypes of the inputs of a call, and its flags: what calls must have in common to share a graph."""
Outputs = tuple[Tensor, ...]

STEP = 8
"""Calls of nearly as many rows share a graph: they are padded to whole multiples of it."""
MOST = 96
"""Graphs that are kept. Calls of further forms run without."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The kernels of a call, and the tensors that they read and write."""

    graph: Any
    inputs: Outputs
    outputs: Outputs


class Replay:
    """Calls a function; from the second call of a form on, as a graph.

    function: from tensors on the device, each with N rows, and flags to tensors with N rows. It must not wait for the
    device. Outputs are the caller's own.
    """

    _all: WeakSet[Replay] = WeakSet()

    def __init__(self, function: Callable[..., Outputs], device: torch.device) -> None:
        self._function, self._device = function, device
        self._all.add(self)
        self.forget()

    def forget(self) -> None:
        """Release the memory of all graphs; later calls make them again."""
        self._seen: set[Form] = set()
        self._graphs: dict[Form, Graph] = {}
        self._buffers: dict[Form, Tensor] = {}
        self._pool: Any = None

    @classmethod
    def forget_all(cls) -> None:
        """Release the memory of all graphs of this process."""
        for replay in cls._all:
            replay.forget()

    @staticmethod
    def rows(count: int) -> int:
        """Return to how many rows a call of so many is padded."""
        return -(-count // STEP) * STEP

    def __call__(self, *inputs: Tensor, **flags: object) -> Outputs:
        """Return what the function returns."""
        form = *((tensor.shape, tensor.dtype) for tensor in inputs), *flags.items()
        if form not in self._graphs:
            if form not in self._seen or len(self._graphs) == MOST:
                self._seen.add(form)
                return self._function(*inputs, **flags)
            self._graphs[form] = self._captured(inputs, flags)
        graph = self._graphs[form]
        for place, tensor in zip(graph.inputs, inputs, strict=True):
            place.copy_(tensor)
        graph.graph.replay()
        return tuple(output.clone() for output in graph.outputs)  # the next replay of any graph may write there

    def _captured(self, inputs: Outputs, flags: dict[str, object]) -> Graph:
        """Record the kernels of a call. All graphs share the memory of what lies between inputs and outputs."""
        places = tuple(self._place(number, tensor) for number, tensor in enumerate(inputs))
        graph, aside = torch.cuda.CUDAGraph(), torch.cuda.Stream(self._device)
        self._pool = self._pool or torch.cuda.graph_pool_handle()
        aside.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(aside):
            # Other threads go on meanwhile: what they ask of the device is no part of the graph.
            graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            outputs = self._function(*places, **flags)
            graph.capture_end()
        torch.cuda.current_stream(self._device).wait_stream(aside)
        return Graph(graph, places, outputs)

    def _place(self, number: int, tensor: Tensor) -> Tensor:
        """Return where an input lies. Graphs whose inputs differ in the number of rows alone share it."""
        form = number, tensor.shape[1:], tensor.dtype
        held = self._buffers.get(form)
        if held is None or len(held) < len(tensor):
            held = self._buffers[form] = torch.empty_like(tensor)
        return held[: len(tensor)]
