"""One side of a comparison, in a process of its own, so that its start counts too: `python -m benchmarks.side JSON`.

Prints what it measured, as a line of JSON. The rows of the plain loop go to `plain.parquet` beside the job's results.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

LEAST_S = 3.0
"""The encoder alone is measured for so long at least."""
LOADED = "load models"
"""The stage of a worker with whose end its start ends."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a side took: CPU and wall seconds of its start and of its work, and memory in MiB.

    cpu: of all threads and child processes. busy: share of the work during which the GPU ran, None without a meter.
    stages: wall seconds of the job's stages.
    """

    start_cpu: float
    work_cpu: float
    start_wall: float
    work_wall: float
    host_mib: float
    device_mib: float | None = None
    busy: float | None = None
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def cpu(self) -> float:
        """CPU seconds, the start included."""
        return self.start_cpu + self.work_cpu

    @property
    def wall(self) -> float:
        """Wall seconds, the start included."""
        return self.start_wall + self.work_wall


def measure(side: str, folder: Path, timeout: float | None = None, **options: Any) -> Measured:
    """Run a side in a new process. Raise subprocess.TimeoutExpired if it takes longer than `timeout` seconds.

    Idle threads of OpenMP wait without spinning: on a busy machine they would use more CPU time than the work does.
    """
    arguments = json.dumps({"side": side, "folder": str(folder), "began": time.time(), **options})
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.side", arguments]
    environment = {"OMP_WAIT_POLICY": "passive"} | os.environ
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)
    if done.returncode:
        raise RuntimeError(f"{side}: {done.stderr[-3000:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


@dataclass
class Watch:
    """Reads CPU and wall seconds since the start of the process, and takes the end of the start."""

    began: float
    started: tuple[float, float] | None = None

    def now(self) -> tuple[float, float]:
        """Return CPU and wall seconds since the process began."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime, time.time() - self.began

    def start_ends(self) -> None:
        """Take the present time as the end of the start."""
        self.started = self.now()

    def measured(self, device: Any, samples: Sequence[int], stages: dict[str, float]) -> Measured:
        """Return what was measured from the start to now. samples: of the device's utilisation, percent."""
        if self.started is None:
            raise RuntimeError(f"no stage '{LOADED}' ended: nothing was to do, or the job's stages have other names")
        (cpu, wall), (start_cpu, start_wall) = self.now(), self.started
        return Measured(
            start_cpu=start_cpu,
            work_cpu=cpu - start_cpu,
            start_wall=start_wall,
            work_wall=wall - start_wall,
            host_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            device_mib=_device_peak(device),
            busy=sum(samples) / len(samples) / 100 if samples else None,
            stages=stages,
        )


def _device_peak(device: Any) -> float | None:
    import torch

    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None


def job(watch: Watch, folder: Path, **_: Any) -> Measured:
    """Run the study in the folder as `medsam-job` does, from the spec to the Parquet files; no statistics."""
    from job.cli.opening import open_cache, open_study
    from job.models.device import resolve_device
    from job.plan.settle import settle
    from job.worker.run import run
    from job.worker.shutdown import Stop
    from job.worker.tally import Tally

    class Watched(Tally):
        @contextmanager
        def stage(self, name: str) -> Iterator[None]:
            with super().stage(name):
                yield
            if name == LOADED:
                watch.start_ends()

    spec, results = open_study(str(folder / "study.yaml"), None)
    device = resolve_device(spec.study.execution.device)
    cache, tally = open_cache(spec), Watched()
    plan = settle(spec, results.output, cache, None, shared=False)
    run(spec, plan, results, cache, tally, None, Stop(), fail_fast=True, terminal=False)
    return watch.measured(device, tally.utilisation, dict(tally.seconds))


def plain(
    watch: Watch, folder: Path, *, data: str, subject: dict[str, Any], tasks: dict[str, int], device: str
) -> Measured:
    """Run the plain loop over the same images."""
    import torch

    from benchmarks import plain_loop
    from benchmarks.agreement import write_rows
    from benchmarks.subjects import Subject
    from job.models.device import resolve_device
    from job.models.utilisation import utilisation
    from job.worker.sampler import sampled

    torch.backends.cudnn.allow_tf32 = False  # float32, as the job's
    where, own = resolve_device(device), Subject(**subject)
    model, samples = plain_loop.build(own, where), list[int]()
    watch.start_ends()
    with sampled(partial(utilisation, where), samples):
        rows = list(plain_loop.evaluate(model, own, Path(data), tasks))
    measured = watch.measured(where, samples, {})
    write_rows(folder / "plain.parquet", rows)
    return measured


def encoder(watch: Watch, folder: Path, *, model: dict[str, Any], data: str, device: str, precision: str) -> Measured:
    """Encode images of a folder with a model of the job, again and again; stages: the number of images."""
    import torch
    from pydantic import TypeAdapter

    from benchmarks.plain_loop import read
    from job.models import device as devices
    from job.models.registry import build
    from job.study.families import Model

    where = devices.resolve_device(device)
    devices.configure(where)
    spec: Model = TypeAdapter(Model).validate_python(model)
    built = build(spec, Path(str(spec.checkpoint)), where, precision)
    prepared = [built.prepare(read(path)) for path in sorted(Path(data, "images").iterdir())]

    def encode() -> None:
        built.encode(prepared)
        if where.type == "cuda":
            torch.cuda.synchronize(where)

    if where.type == "cuda":
        encode()
    watch.start_ends()
    done, began = 0, time.monotonic()
    while time.monotonic() - began < LEAST_S:
        encode()
        done += len(prepared)
    return watch.measured(where, [], {"images": done})


def main() -> None:
    """Run the side that the argument names."""
    options = json.loads(sys.argv[1])
    side, folder, watch = options.pop("side"), Path(options.pop("folder")), Watch(options.pop("began"))
    sys.stdout, out = sys.stderr, sys.stdout
    sides: dict[str, Callable[..., Measured]] = {"plain": plain, "job": job, "encoder": encoder}
    measured = sides[side](watch, folder, **options)
    print(json.dumps(measured.__dict__), file=out, flush=True)
    os._exit(0)  # threads of libraries may outlive the work, and are not part of it


if __name__ == "__main__":
    main()
