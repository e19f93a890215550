"""The loop that both scripts share: schedule, averaged weights, checkpoints, curves.

What is drawn for a step depends on seed and step alone, so that a resumed run goes on as if it had not stopped.
"""

from __future__ import annotations

import argparse
import copy
import csv
import math
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from job.models.device import NATIVE_BF16, Device, resolve_device

CHECKPOINT = "last.pt"
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
    def network(self) -> nn.Module:
        """The module whose parameters are trained."""
        ...

    @property
    def data(self) -> Dataset[Any]:
        """Index to one example; step s takes examples s * batch to (s + 1) * batch - 1."""
        ...

    def losses(self, batch: Any, step: int, progress: float) -> Iterator[Tensor]:
        """Give one loss after the other; the weights are updated in between. progress: 0 at the start, 1 at the end."""
        ...

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Score a copy of the network on held-out objects."""
        ...

    def shipped(self, network: nn.Module) -> Mapping[str, Tensor]:
        """Give the tensors that a user needs."""
        ...


def parser(description: str, *, batch: int, rate: float) -> argparse.ArgumentParser:
    """Build the options that both scripts take."""
    found = argparse.ArgumentParser(description=description)
    length = found.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="of training, over all sessions")
    length.add_argument("--steps", type=int, help="instead of minutes: the same weights whatever the machine's speed")
    found.add_argument("--out", type=Path, required=True, help="checkpoints and curves; the last one there is resumed")
    found.add_argument("--seed", type=int, default=1)
    found.add_argument("--device", default="auto")
    found.add_argument("--batch", type=int, default=batch)
    found.add_argument("--rate", type=float, default=rate, help="learning rate at its highest")
    found.add_argument("--workers", type=int, default=0, help="processes that make examples; 0: this one")
    found.add_argument("--start", type=Path, help="weights to begin with; unstated: those that the script begins with")
    found.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return found


def options_of(arguments: argparse.Namespace) -> Options:
    """Take the loop's options."""
    names = ("minutes", "steps", "seed", "out", "batch", "rate", "workers", "start")
    return Options(**{name: getattr(arguments, name) for name in names})


def training_device(name: str, threads: int) -> Device:
    """Set up the device; bfloat16 where the hardware multiplies it."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(0)
    device = resolve_device(name)
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
        self._asked_to_stop = False
        options.out.mkdir(parents=True, exist_ok=True)
        if (options.out / CHECKPOINT).exists():
            self._resume(options.out / CHECKPOINT)
        elif options.start is not None:
            self._begin_with(load_file(options.start))

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the planned end."""
        if self.options.steps is not None:
            return self.step / self.options.steps
        return self.seconds / 60 / (self.options.minutes or math.inf)

    def go(self) -> None:
        """Train to the planned end, or until SIGTERM or SIGINT, which leave a checkpoint."""
        if self.progress >= 1:
            print(f"done before: step {self.step}, {self.seconds / 60:.1f} minutes")
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask_to_stop)
        saved = evaluated = logged = time.monotonic()
        losses: list[float] = []
        first_step = self.step
        for batch in self._batches():
            began = time.monotonic()
            losses.append(self._one_step(batch))
            now = time.monotonic()
            self.seconds += now - began
            over = self.progress >= 1 or self._asked_to_stop
            if over or now - evaluated > 60 * self.options.evaluate_minutes or self.step == 1:
                rate = (self.step - first_step) / max(now - logged, 1e-9)
                self._evaluate(sum(losses) / len(losses), rate)
                evaluated = logged = time.monotonic()
                losses, first_step = [], self.step
            elif now - logged > self.options.log_seconds:
                self._tell(f"loss {sum(losses) / len(losses):.4f}", (self.step - first_step) / (now - logged))
                logged, losses, first_step = now, [], self.step
            if over or now - saved > 60 * self.options.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
            if over:
                return

    def save(self) -> None:
        """Write the checkpoint, and the averaged weights in half precision, each whole or not at all."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "network": self.task.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        part = self.options.out / "last.part"
        torch.save(state, part)
        part.replace(self.options.out / CHECKPOINT)
        part = self.options.out / "weights.part"
        save_file({key: half(value) for key, value in self.task.shipped(self.average).items()}, part)
        part.chmod(0o644)  # safetensors keeps it to its owner
        part.replace(self.options.out / "weights.safetensors")

    def _begin_with(self, weights: Mapping[str, Tensor]) -> None:
        """Take shipped weights; what is not trained is not among them."""
        for network in (self.task.network, self.average):
            left = network.load_state_dict(weights, strict=False)
            if left.unexpected_keys or set(left.missing_keys) & {name for name, _ in network.named_parameters()}:
                raise ValueError(f"{self.options.start}: not the weights of this training")

    def _resume(self, last: Path) -> None:
        state = torch.load(last, map_location="cpu", weights_only=True)
        self.step, self.seconds = state["step"], state["seconds"]
        self.task.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self._tell("resumed", 0)

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
        told: list[Tensor] = []
        for loss in self.task.losses(batch, self.step, self.progress):
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.trained, LARGEST_GRADIENT)
            self.optimiser.step()
            told.append(loss.detach())
        self.step += 1
        _average(self.average, self.task.network, min(EMA_DECAY, self.step / (10 + self.step)))
        return float(torch.stack(told).mean())

    def _evaluate(self, loss: float, rate: float) -> None:
        scores = self.task.evaluate(self.average)
        self._tell(f"loss {loss:.4f} " + " ".join(f"{name} {value:.3f}" for name, value in scores.items()), rate)
        row = {"step": self.step, "minutes": f"{self.seconds / 60:.1f}", "loss": f"{loss:.4f}"}
        row |= {name: f"{value:.4f}" for name, value in scores.items()}
        curves = self.options.out / "curves.csv"
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
