"""The training loop of both scripts: schedule, averaged weights, checkpoints, curves.

All random choices of a step depend only on seed and step, so a resumed run has the examples of one that never stopped.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import cv2
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from job.errors import EXIT_MENDABLE, EXIT_STOPPED, JobError
from job.models.checkpoint import METADATA_KEY, load_state, read_checkpoint, read_weights
from job.models.device import NATIVE_BF16, Device, configure, describe, resolve_device
from job.storage import sha256

CHECKPOINT, WEIGHTS, CURVES = "last.pt", "weights.safetensors", "curves.csv"
"""The files in the folder of a training: its whole state, the weights for studies, and the scores during training."""
WARM_UP_STEPS = 200
EMA_DECAY = 0.999
LARGEST_GRADIENT = 1.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a training.

    minutes or steps: the planned length over all sittings; the learning rate falls to 0 at its end. rate: the highest
    learning rate. start: weights to start from, such as the shipped ones; ignored if `out` has a checkpoint.
    """

    minutes: float | None
    steps: int | None
    seed: int
    out: Path
    batch: int
    rate: float
    workers: int = 0
    start: Path | None = None
    checkpoint_minutes: float = 3.0
    evaluate_minutes: float = 12.0
    log_seconds: float = 30.0


class Task(Protocol):
    """The network, its examples and its losses."""

    @property
    def device(self) -> Device:
        """The device to train on."""
        ...

    @property
    def origin(self) -> Mapping[str, str | int]:
        """What determines the examples, and what the weights need. A run is resumed only if this is the same."""
        ...

    @property
    def network(self) -> nn.Module:
        """The module whose parameters are trained."""
        ...

    @property
    def data(self) -> Dataset[Any]:
        """Index -> example. Step s takes examples s * batch to (s + 1) * batch - 1."""
        ...

    def losses(self, batch: Any, step: int, progress: float) -> Iterator[Tensor]:
        """Yield the losses of a step; the weights are updated after each. progress: 0 at the start, 1 at the end."""
        ...

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Return scores of a copy of the network on held-out objects, by name."""
        ...

    def shipped(self, network: nn.Module) -> Mapping[str, Tensor]:
        """Return the tensors of the weights file."""
        ...


def parser(description: str, *, batch: int, rate: float) -> argparse.ArgumentParser:
    """Return a parser with the options of both scripts. batch, rate: their defaults."""
    parser = argparse.ArgumentParser(description=description)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="length of the training over all sittings, without evaluations")
    length.add_argument("--steps", type=int, help="in place of --minutes, so that weights do not depend on the speed")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of checkpoint, weights and curves; a checkpoint is resumed"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=rate, help="highest learning rate")
    parser.add_argument("--workers", type=int, default=0, help="processes that make examples; 0: the main process")
    parser.add_argument("--start", type=Path, help="weights to start from, in place of the script's")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser


def train(arguments: argparse.Namespace, task_of: Callable[[], Task]) -> None:
    """Train the task that `task_of` returns. Exit with 143 if stopped by a signal, with 2 for a mendable fault."""
    names = ("minutes", "steps", "seed", "out", "batch", "rate", "workers", "start")
    try:
        run = Run(task_of(), Options(**{name: getattr(arguments, name) for name in names}))
        run.go()
    except JobError as fault:
        print(fault, file=sys.stderr)
        sys.exit(EXIT_MENDABLE)
    if run.progress < 1:
        sys.exit(EXIT_STOPPED)


def training_device(name: str, threads: int) -> Device:
    """Set up threads and device, and return the device; with bfloat16 if the hardware supports it natively."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(0)
    device = resolve_device(name)
    configure(device)
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= NATIVE_BF16
    else:
        native = bool(torch.cpu._is_avx512_bf16_supported())
    return Device.of(device, "bf16" if native else "fp32")


class Run:
    """A training and its state: step, seconds, weights, their running average, optimiser."""

    def __init__(self, task: Task, options: Options) -> None:
        self.task = task
        self.options = options
        self.trained = [p for p in task.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, lr=options.rate, weight_decay=1e-4)
        self.average = copy.deepcopy(task.network).eval()
        self.step = 0
        self.seconds = 0.0
        self.sittings: list[dict[str, Any]] = []
        self._asked_to_stop = False
        options.out.mkdir(parents=True, exist_ok=True)
        if (options.out / CHECKPOINT).exists():
            self._resume(options.out / CHECKPOINT)
        elif options.start is not None:
            self._start_from(options.start)
        self._record_sitting()

    @property
    def progress(self) -> float:
        """The share of the plan that is done: 0 at the start, 1 at the planned end."""
        if self.options.steps is not None:
            return self.step / self.options.steps
        return self.seconds / 60 / (self.options.minutes or math.inf)

    @property
    def identity(self) -> dict[str, str | int]:
        """What must not change between two sittings, because it determines the examples of a step."""
        return {**self.task.origin, "batch": self.options.batch}

    @property
    def metadata(self) -> dict[str, Any]:
        """How the weights were made. It is stored with them."""
        minutes = round(self.seconds / 60, 1)
        return {**self.identity, "steps": self.step, "minutes": minutes, "sittings": self.sittings}

    def go(self) -> None:
        """Train to the planned end, or until SIGTERM or SIGINT; write a checkpoint in both cases."""
        if self.progress >= 1:
            print(f"already done: step {self.step}, {self.seconds / 60:.1f} minutes")
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask_to_stop)
        began = saved = evaluated = logged = time.monotonic()
        losses: list[float] = []  # since the last row of the curves
        logged_losses = 0  # the number of them at the last log line
        for batch in self._batches():
            losses.append(self._one_step(batch))
            now = time.monotonic()
            self.seconds += now - began
            over = self.progress >= 1 or self._asked_to_stop
            rate = (len(losses) - logged_losses) / max(now - logged, 1e-9)
            if over or now - evaluated > 60 * self.options.evaluate_minutes or self.step == 1:
                self._evaluate(fmean(losses), rate)
                evaluated = logged = time.monotonic()
                losses, logged_losses = [], 0
            elif now - logged > self.options.log_seconds:
                self._report(f"loss {fmean(losses[logged_losses:]):.4f}", rate)
                logged, logged_losses = now, len(losses)
            if over or now - saved > 60 * self.options.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
            if over:
                return
            began = time.monotonic()

    def save(self) -> None:
        """Write the checkpoint, and the averaged weights in half precision. Each file is replaced atomically."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "network": self.task.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "identity": self.identity,
            "sittings": self.sittings,
        }
        unfinished = self.options.out / "last.part"
        torch.save(state, unfinished)
        unfinished.replace(self.options.out / CHECKPOINT)
        unfinished = self.options.out / "weights.part"
        tensors = {key: half(value) for key, value in self.task.shipped(self.average).items()}
        save_file(tensors, unfinished, metadata={METADATA_KEY: json.dumps(self.metadata, sort_keys=True)})
        unfinished.chmod(0o644)  # safetensors makes it readable only by its owner
        unfinished.replace(self.options.out / WEIGHTS)

    def _start_from(self, start: Path) -> None:
        """Load weights. Parameters that are not trained, and so not in the file, stay as they are."""
        weights = read_weights(start)
        for network in (self.task.network, self.average):
            trained = {name for name, _ in network.named_parameters()}
            kept = {name: value for name, value in network.state_dict().items() if name not in trained}
            load_state(network, kept | weights, f"{start} as weights to start from")

    def _resume(self, last: Path) -> None:
        state = read_checkpoint(last)
        if state.get("identity") != self.identity:
            raise JobError(
                f"{last}: expected a checkpoint of this training, {self.identity}; got one of {state.get('identity')}; "
                "use the options that it was started with, or another --out"
            )
        self.step, self.seconds, self.sittings = state["step"], state["seconds"], state["sittings"]
        self.task.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self._report("resumed", 0)

    def _record_sitting(self) -> None:
        """Record the settings of the steps from here on, if they differ from those before."""
        options, device = self.options, describe(self.task.device.device)
        sitting = {
            "planned": f"{options.minutes:g} minutes" if options.steps is None else f"{options.steps} steps",
            "rate": options.rate,
            "device": device["device_name"],
            "threads": device["threads"],
            "start": sha256(options.start) if options.start and not self.step else None,
        }
        before = self.sittings[-1] if self.sittings else {}
        if {**before, **sitting} != before:
            self.sittings.append({"from_step": self.step, **sitting})

    def ask_to_stop(self, *_: object) -> None:
        """Stop after the current step."""
        self._asked_to_stop = True

    def _batches(self) -> Iterator[Any]:
        size, workers = self.options.batch, self.options.workers
        steps = _Steps(self.step, size)
        return iter(
            DataLoader(
                self.task.data,
                batch_sampler=steps,
                num_workers=workers,
                collate_fn=list,
                persistent_workers=workers > 0,
            )
        )

    def _one_step(self, batch: Any) -> float:
        torch.manual_seed(self.options.seed * 1_000_003 + self.step)
        rate = self.options.rate * min(1, (self.step + 1) / WARM_UP_STEPS)
        rate *= 0.5 + 0.5 * math.cos(math.pi * min(1.0, self.progress))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        losses: list[Tensor] = []
        for loss in self.task.losses(batch, self.step, self.progress):
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.trained, LARGEST_GRADIENT)
            self.optimiser.step()
            losses.append(loss.detach())
        self.step += 1
        _average(self.average, self.task.network, min(EMA_DECAY, self.step / (10 + self.step)))
        return float(torch.stack(losses).mean())

    def _evaluate(self, loss: float, rate: float) -> None:
        scores = self.task.evaluate(self.average)
        self._report(f"loss {loss:.4f} " + " ".join(f"{name} {value:.3f}" for name, value in scores.items()), rate)
        row = {"step": self.step, "minutes": f"{self.seconds / 60:.1f}", "loss": f"{loss:.4f}"}
        row |= {name: f"{value:.4f}" for name, value in scores.items()}
        curves = self.options.out / CURVES
        kept: list[dict[str, str]] = []
        if curves.exists():
            with curves.open(newline="") as file:
                kept = [earlier for earlier in csv.DictReader(file) if int(earlier["step"]) < self.step]
        with curves.with_suffix(".part").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerows([*kept, row])
        curves.with_suffix(".part").replace(curves)

    def _report(self, text: str, rate: float) -> None:
        speed = f" {rate:.2f} steps/s" if rate else ""
        done = f"{100 * self.progress:.1f}%"
        print(f"step {self.step} ({done}, {self.seconds / 60:.1f} min) {text}{speed}", flush=True)


class _Steps:
    """The indexes of the examples of each step, from a first step on. Endless, because the run ends by its plan."""

    def __init__(self, first: int, batch: int) -> None:
        self.first = first
        self.batch = batch

    def __iter__(self) -> Iterator[list[int]]:
        step = self.first
        while True:
            yield list(range(step * self.batch, (step + 1) * self.batch))
            step += 1


def half(value: Tensor) -> Tensor:
    """Return a tensor on the CPU, floats in half precision. They are loaded as float32 again."""
    return (value.half() if value.is_floating_point() else value).cpu().contiguous()


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the running average towards the network. Tensors that are not float are copied."""
    for target, source in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if target.is_floating_point():
            target.lerp_(source.to(target.dtype), 1 - decay)
        else:
            target.copy_(source)
