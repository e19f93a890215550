"""Kills, memory limits, a store that fails, a disk that fills up and clocks that jump, all at once and at random."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from job.audit.verify import verify
from job.cli.opening import open_results
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, EXIT_MACHINE, EXIT_MENDABLE, EXIT_STOPPED
from tests.integration.faulty import ERRORS, FaultyProxy
from tests.integration.studies import draw, planned_rows, write_spec

ROUNDS = 5
ENDS = {EXIT_DONE, EXIT_MENDABLE, EXIT_ERROR_ROWS, EXIT_MACHINE, EXIT_STOPPED, -signal.SIGKILL, -signal.SIGTERM}
"""How a worker may end; a library that gets no memory may also end it in ways of its own."""


@dataclass
class Scene:
    """A worker and its surroundings.

    disk: where it keeps copies of inputs. log: the file of its log. squeezed: its memory was limited. troubles: how
    often each has come.
    """

    rng: random.Random
    proxy: FaultyProxy
    disk: Path
    log: Path
    worker: subprocess.Popen
    squeezed: bool = False
    troubles: Counter = field(default_factory=Counter)

    def failing_requests(self):
        """Some requests fail, or none, from now on."""
        self.proxy.share = self.rng.choice([0.0, 0.05, 0.2])

    def outage(self):
        """All requests fail for a moment, with any error of a store."""
        self.proxy.lasting[""] = self.rng.choice([*ERRORS, "reset"])
        time.sleep(self.rng.uniform(0, 2))
        self.proxy.lasting.clear()

    def full_disk(self):
        """Hardly a byte is left on the disk."""
        if os.path.ismount(self.disk):
            space = os.statvfs(self.disk)
            left = self.rng.randrange(20_000)
            with suppress(OSError):
                (self.disk / "filler").write_bytes(bytes(max(0, space.f_bavail * space.f_frsize - left)))

    def roomy_disk(self):
        """The disk has room again."""
        (self.disk / "filler").unlink(missing_ok=True)

    def little_memory(self):
        """The worker may take up to 30 MB more than it has."""
        with suppress(OSError, ValueError, IndexError, ProcessLookupError):
            status = Path(f"/proc/{self.worker.pid}/status").read_text()
            used = int(status.split("VmData:")[1].split()[0]) * 1024
            limit = used + self.rng.randrange(30_000_000)
            resource.prlimit(self.worker.pid, resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
            self.squeezed = True

    def stop(self):
        """The worker is asked to stop, as before a node is taken away."""
        self.worker.send_signal(signal.SIGTERM)

    def kill(self):
        """The worker is killed."""
        self.worker.kill()

    def calm(self):
        """All is well again, but for the worker's memory."""
        self.proxy.share = 0.0
        self.proxy.lasting.clear()
        self.roomy_disk()


TROUBLES = {
    Scene.failing_requests: 6,
    Scene.outage: 3,
    Scene.full_disk: 3,
    Scene.roomy_disk: 3,
    Scene.little_memory: 1,
    Scene.stop: 1,
    Scene.kill: 2,
}
"""What may come, and how often in relation to the others."""


@pytest.fixture
def disk(tmp_path):
    """A disk of 4 MB; a folder where this process may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def log(tmp_path):
    """The file of the worker's log."""
    return tmp_path / "log"


@pytest.fixture
def start(disk, log, monkeypatch):
    """A function that starts a worker, and with a seed one whose clock jumps."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(disk / "cache"))
    monkeypatch.setenv("MODEL_SECONDS", "0.3")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def start(spec, seed=None):
        name = "fake_worker" if seed is None else "troubled_worker"
        command = [sys.executable, "-m", f"tests.worker.{name}", spec, "--only", "predict", "--grace", "2"]
        with log.open("w") as stderr:
            return subprocess.Popen(command, env=os.environ | {"CLOCK_SEED": str(seed)}, stderr=stderr)

    return start


@pytest.fixture
def campaign(s3, proxy, disk, start, log, tmp_path):
    """A function that disturbs one study by a seed's troubles, lets it end, and returns its output and the troubles."""
    draw(f"{s3}/data", 12, side=96)

    def campaign(seed):
        rng, troubles = random.Random(seed), Counter()
        spec = write_spec(tmp_path / f"{seed}", f"{s3}/data", f"{s3}/{seed}", chunk=2)
        for _ in range(ROUNDS if seed else 0):
            scene = Scene(rng, proxy, disk, log, start(spec, seed=rng.random()))
            disturb(scene)
            troubles += scene.troubles
        for _ in range(3):  # a run passes by what ended two before, and the next does it
            code = start(spec).wait(timeout=300)
            if code == EXIT_DONE:
                break
        assert code == EXIT_DONE, log.read_text()
        return f"{s3}/{seed}", troubles

    return campaign


def disturb(scene):
    """Let troubles come upon a worker that has begun, about half a second apart, until it ends."""
    while scene.worker.poll() is None and not scene.log.stat().st_size:
        time.sleep(0.1)
    while scene.worker.poll() is None:
        (trouble,) = scene.rng.choices(list(TROUBLES), list(TROUBLES.values()))
        trouble(scene)
        scene.troubles[trouble.__name__] += 1
        with suppress(subprocess.TimeoutExpired):
            scene.worker.wait(scene.rng.uniform(0, 1))
    scene.calm()
    log = scene.log.read_text()
    scene.troubles[f"ended with {scene.worker.returncode}"] += 1
    if not scene.squeezed:
        assert scene.worker.returncode in ENDS, log
        assert "Traceback" not in log, log


@pytest.mark.parametrize("seconds", [0, pytest.param(3600, marks=pytest.mark.long)], ids=["one-study", "an-hour"])
def test_a_study_in_all_kinds_of_trouble_ends_with_the_rows_of_a_calm_one(campaign, proxy, seconds):
    """Five workers one after another come to grief; the next ends the study."""
    expected, troubles, began = planned_rows(campaign(0)[0]), Counter(), time.monotonic()
    for seed in count(1):
        output, came = campaign(seed)
        troubles += came
        assert planned_rows(output) == expected
        assert list(verify(*open_results(output))) == []
        if time.monotonic() - began > seconds:
            break
    print(f"\n{seed} studies, {time.monotonic() - began:.0f} s, {dict(troubles)}, {dict(proxy.faults)}")
