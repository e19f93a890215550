"""CUDA graphs: a function of tensors whose hundreds of kernels a GPU starts in one call of the host.

The host takes longer to start a small kernel than the GPU to run it. A graph holds the kernels of a call with all their
addresses; its inputs are copied to where the first call had them, and its outputs from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor

Form = tuple[Any, ...]
"""Shapes and dtypes of the inputs of a call, and its flags: what calls must have in common to share a graph."""
Outputs = Sequence[Tensor]

STEP = 8
"""Calls are padded to whole multiples of so many rows, so that calls of nearly as many share a graph."""
MOST = 96
"""Graphs that are kept. Calls of further forms run without."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The kernels of a call, and the tensors that they write."""

    replay: Callable[[], object]
    outputs: Outputs


class Recorder:
    """Records graphs on a GPU, on one stream of its own, so that all share the memory between inputs and outputs."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, function: Callable[[], Outputs]) -> Graph:
        """Record the kernels of a call. RuntimeError if that fails, for want of memory too."""
        graph, before = torch.cuda.CUDAGraph(), torch.cuda.current_stream(self._device)
        self._stream.wait_stream(before)
        with torch.cuda.stream(self._stream):
            # Other threads go on meanwhile: what they ask of the device is no part of the graph.
            graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            try:
                outputs = function()
            except RuntimeError:
                with suppress(RuntimeError):  # it says that the recording failed, which is known
                    graph.capture_end()
                raise
            graph.capture_end()
        before.wait_stream(self._stream)
        return Graph(graph.replay, outputs)


class Replay:
    """Calls a function; from the second call of a form on, as a graph.

    function: from tensors on the device, each with N rows, and flags to tensors with N rows. It must not wait for the
    device. Outputs are the caller's own. recorder: makes what records graphs.
    """

    _all: WeakSet[Replay] = WeakSet()

    def __init__(
        self, function: Callable[..., Outputs], recorder: Callable[[], Callable[[Callable[[], Outputs]], Graph]]
    ) -> None:
        self._function, self._recorder = function, recorder
        self._fails = False
        self._all.add(self)
        self.forget()

    @classmethod
    def forget_all(cls) -> None:
        """Release the memory of all graphs of this process."""
        for replay in cls._all:
            replay.forget()

    def forget(self) -> None:
        """Release the memory of all graphs; later calls record them again."""
        self._seen: set[Form] = set()
        self._graphs: dict[Form, Graph] = {}
        self._places: dict[Form, Tensor] = {}
        self._record: Callable[[Callable[[], Outputs]], Graph] | None = None

    def __call__(self, *inputs: Tensor, **flags: object) -> Outputs:
        """Return what the function returns."""
        form = *((tensor.shape, tensor.dtype) for tensor in inputs), *flags.items()
        graph = self._graphs.get(form) or self._recorded(form, inputs, flags)
        if graph is None:
            return self._function(*inputs, **flags)
        self._put(inputs)
        graph.replay()
        return [output.clone() for output in graph.outputs]  # the next replay of any graph may write there

    def _recorded(self, form: Form, inputs: Outputs, flags: dict[str, object]) -> Graph | None:
        """Record a form that was seen before. None for a new one, and on a device where recording failed once."""
        if self._fails or form not in self._seen or len(self._graphs) == MOST:
            self._seen.add(form)
            return None
        self._record = self._record or self._recorder()
        places = self._put(inputs)
        try:
            self._graphs[form] = self._record(lambda: self._function(*places, **flags))
        except RuntimeError:
            self._fails = True
            self.forget()
        return self._graphs.get(form)

    def _put(self, inputs: Outputs) -> Outputs:
        """Copy inputs to where graphs read them. Graphs whose inputs differ in the number of rows alone share it."""
        return [self._place(number, tensor).copy_(tensor) for number, tensor in enumerate(inputs)]

    def _place(self, number: int, tensor: Tensor) -> Tensor:
        form = number, tensor.shape[1:], tensor.dtype
        held = self._places.get(form)
        if held is None or len(held) < len(tensor):
            if held is not None:
                self._graphs.clear()  # some read from the smaller place
            held = self._places[form] = torch.empty_like(tensor)
        return held[: len(tensor)]


def padded(count: int) -> int:
    """Return to how many rows a call of so many is padded."""
    return -(-count // STEP) * STEP
