"""The loop that both scripts share: schedule, averaged weights, checkpoints, curves.

What is drawn for a step depends on seed and step alone, so that a resumed run goes on as if it had not stopped.
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
"""What a training keeps in its folder: its whole state, what a user needs of it, and its scores on the way."""
WARM_UP_STEPS = 200
EMA_DECAY = 0.999
LARGEST_GRADIENT = 1.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """minutes or steps: the whole planned run, over all sessions; the learning rate falls to 0 at its end.

    start: weights to begin with, such as the shipped ones; a checkpoint in `out` comes before them.
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
    """What is trained."""

    @property
    def device(self) -> Device:
        """Where."""
        ...

    @property
    def origin(self) -> Mapping[str, str | int]:
        """What the examples come from, and what the weights belong to: a run goes on only where this is the same."""
        ...

    @property
    def network(self) -> nn.Module:
        """The module whose parameters are trained."""
        ...

    @property
    def data(self) -> Dataset[Any]:
        """Index to one example; step s takes examples s * batch to (s + 1) * batch - 1."""
        ...

    def losses(self, batch: Any, step: int, progress: float) -> Iterator[Tensor]:
        """Yield losses one by one; the weights are updated in between. progress: 0 at the start, 1 at the end."""
        ...

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Score a copy of the network on held-out objects."""
        ...

    def shipped(self, network: nn.Module) -> Mapping[str, Tensor]:
        """Return the tensors that a user needs."""
        ...


def parser(description: str, *, batch: int, rate: float) -> argparse.ArgumentParser:
    """Build the options that both scripts take."""
    parser = argparse.ArgumentParser(description=description)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="of training, over all sittings; evaluations not counted")
    length.add_argument("--steps", type=int, help="instead of minutes: the same weights whatever the machine's speed")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and curves; the last one there is resumed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=rate, help="learning rate at its highest")
    parser.add_argument("--workers", type=int, default=0, help="processes that make examples; 0: this one")
    parser.add_argument("--start", type=Path, help="weights to begin with; unstated: those that the script begins with")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser


def train(arguments: argparse.Namespace, task_of: Callable[[], Task]) -> None:
    """Train what `task_of` makes, and exit: 0 at the planned end, 143 if asked to stop, 2 for what a user can mend."""
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
    """Set up the device; bfloat16 where the hardware multiplies it."""
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
    """One training with its state: step, seconds, weights, their running average, optimiser."""

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
            self._begin_with(options.start)
        self._sit_down()

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the planned end."""
        if self.options.steps is not None:
            return self.step / self.options.steps
        return self.seconds / 60 / (self.options.minutes or math.inf)

    @property
    def identity(self) -> dict[str, str | int]:
        """What must not change between two sittings: step s would see other examples."""
        return {**self.task.origin, "batch": self.options.batch}

    @property
    def made(self) -> dict[str, Any]:
        """How the weights were made; stored with them."""
        minutes = round(self.seconds / 60, 1)
        return {**self.identity, "steps": self.step, "minutes": minutes, "sittings": self.sittings}

    def go(self) -> None:
        """Train to the planned end, or until SIGTERM or SIGINT, which leave a checkpoint."""
        if self.progress >= 1:
            print(f"done before: step {self.step}, {self.seconds / 60:.1f} minutes")
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask_to_stop)
        began = saved = evaluated = logged = time.monotonic()
        losses: list[float] = []  # since the last row of the curves
        logged_losses = 0  # of them, how many the last line of progress knew
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
                self._tell(f"loss {fmean(losses[logged_losses:]):.4f}", rate)
                logged, logged_losses = now, len(losses)
            if over or now - saved > 60 * self.options.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
            if over:
                return
            began = time.monotonic()

    def save(self) -> None:
        """Write the checkpoint, and the averaged weights in half precision, each whole or not at all."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "network": self.task.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "identity": self.identity,
            "sittings": self.sittings,
        }
        part = self.options.out / "last.part"
        torch.save(state, part)
        part.replace(self.options.out / CHECKPOINT)
        part = self.options.out / "weights.part"
        tensors = {key: half(value) for key, value in self.task.shipped(self.average).items()}
        save_file(tensors, part, metadata={METADATA_KEY: json.dumps(self.made, sort_keys=True)})
        part.chmod(0o644)  # safetensors keeps it to its owner
        part.replace(self.options.out / WEIGHTS)

    def _begin_with(self, start: Path) -> None:
        """Take weights; what is not trained, and so not shipped, stays."""
        given = read_weights(start)
        for network in (self.task.network, self.average):
            trained = {name for name, _ in network.named_parameters()}
            kept = {name: value for name, value in network.state_dict().items() if name not in trained}
            load_state(network, kept | given, f"{start} as weights to begin with")

    def _resume(self, last: Path) -> None:
        state = read_checkpoint(last)
        if state.get("identity") != self.identity:
            raise JobError(
                f"{last}: expected a checkpoint of this training, {self.identity}; got one of {state.get('identity')}; "
                "give the options that it was begun with, or another --out"
            )
        self.step, self.seconds, self.sittings = state["step"], state["seconds"], state["sittings"]
        self.task.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self._tell("resumed", 0)

    def _sit_down(self) -> None:
        """Note under which settings the steps from here on are made, if they are others than before."""
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
        """Let the step in hand be the last of this session."""
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
        logged_losses: list[Tensor] = []
        for loss in self.task.losses(batch, self.step, self.progress):
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.trained, LARGEST_GRADIENT)
            self.optimiser.step()
            logged_losses.append(loss.detach())
        self.step += 1
        _average(self.average, self.task.network, min(EMA_DECAY, self.step / (10 + self.step)))
        return float(torch.stack(logged_losses).mean())

    def _evaluate(self, loss: float, rate: float) -> None:
        scores = self.task.evaluate(self.average)
        self._tell(f"loss {loss:.4f} " + " ".join(f"{name} {value:.3f}" for name, value in scores.items()), rate)
        row = {"step": self.step, "minutes": f"{self.seconds / 60:.1f}", "loss": f"{loss:.4f}"}
        row |= {name: f"{value:.4f}" for name, value in scores.items()}
        curves = self.options.out / CURVES
        kept: list[dict[str, str]] = []
        if curves.exists():
            with curves.open(newline="") as file:
                kept = [old for old in csv.DictReader(file) if int(old["step"]) < self.step]
        with curves.with_suffix(".part").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerows([*kept, row])
        curves.with_suffix(".part").replace(curves)

    def _tell(self, text: str, rate: float) -> None:
        speed = f" {rate:.2f} steps/s" if rate else ""
        done = f"{100 * self.progress:.1f}%"
        print(f"step {self.step} ({done}, {self.seconds / 60:.1f} min) {text}{speed}", flush=True)


class _Steps:
    """The examples of each step from a first one on, without end: the run ends by its own plan."""

    def __init__(self, first: int, batch: int) -> None:
        self.first = first
        self.batch = batch

    def __iter__(self) -> Iterator[list[int]]:
        step = self.first
        while True:
            yield list(range(step * self.batch, (step + 1) * self.batch))
            step += 1


def half(value: Tensor) -> Tensor:
    """Store floats in half precision, as they load into float32 again."""
    return (value.half() if value.is_floating_point() else value).cpu().contiguous()


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the running average towards the network; what is no float is copied."""
    for target, source in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if target.is_floating_point():
            target.lerp_(source.to(target.dtype), 1 - decay)
        else:
            target.copy_(source)
