"""A real Slurm cluster of one node on 127.0.0.1: munge, controller and node, ended by their process ids."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
MinJobAge=86400
KillWait=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=200000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""
"""The node claims more than the machine has, so that three workers run at once on any."""
START_SECONDS = 60


@dataclass(frozen=True)
class Cluster:
    """Its folder, which holds its configuration, and the environment of its clients."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, **environment: str) -> str:
        """Run a command of Slurm, or one that calls such, and return what it prints."""
        merged = os.environ | self.environment | environment
        done = subprocess.run(command, capture_output=True, text=True, env=merged, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def states(self) -> dict[str, str]:
        """Return the state of each job and array task that the controller remembers."""
        lines = self.run("squeue", "--all", "--states=all", "--noheader", "--array", "--format=%i %T").splitlines()
        return dict(line.split() for line in lines)

    def wait(self, job: str, *states: str, seconds: float = 120) -> str:
        """Wait until a job or array task has one of these states, and return it."""
        deadline = time.monotonic() + seconds
        while (state := self.states().get(job, "")) not in states:
            assert time.monotonic() < deadline, f"{job} is {state}, not {states}; {self.logs()}"
            time.sleep(0.2)
        return state

    def wait_for_node(self, job: str, seconds: float = 60) -> None:
        """Wait until the node has removed the files of a job that ended."""
        number = self.run("squeue", "--noheader", "--format=%A", f"--jobs={job}").strip()
        deadline = time.monotonic() + seconds
        while (self.folder / "spool" / f"job{int(number):05}").exists():
            assert time.monotonic() < deadline, f"the node keeps the files of {job}"
            time.sleep(0.2)

    def logs(self) -> str:
        """Return what the controller knows of all jobs, and the ends of their logs."""
        logs = [f"{path.name}: {path.read_text()[-2000:]}" for path in self.folder.glob("medsam-job-*.log")]
        return "\n".join([self.run("scontrol", "show", "jobs"), *logs])


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that has started; it needs Debian's packages slurm-wlm and munge, and root."""
    folder = Path(tmp_path_factory.mktemp("slurm"))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(secrets.token_bytes(1024))
    (folder / "munge.key").chmod(0o400)
    host = socket.gethostname().split(".")[0]
    (folder / "slurm.conf").write_text(CONFIGURATION.format(folder=folder, host=host, ports=_free_ports(2)))
    environment = {"SLURM_CONF": str(folder / "slurm.conf")}
    cluster = Cluster(folder, environment)
    try:
        for command in (_munge(folder), ["slurmctld"], ["slurmd"]):
            subprocess.run(command, check=True, env=os.environ | environment)
        _until_idle(cluster)
        yield cluster
    finally:
        _cancel_all(cluster)
        for name in ("slurmd", "slurmctld", "munge"):
            _end(folder / f"{name}.pid")


def is_there() -> bool:
    """Return whether a cluster can be started here."""
    return os.geteuid() == 0 and all(shutil.which(name) for name in ("munged", "slurmctld", "slurmd", "sbatch"))


def _munge(folder: Path) -> list[str]:
    files = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    return ["munged", "--force", *(f"--{option}={folder}/munge.{ending}" for option, ending in files.items())]


def _until_idle(cluster: Cluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "idle" not in cluster.run("sinfo", "--noheader", "--format=%T"):
        assert time.monotonic() < deadline, (cluster.folder / "slurmctld.log").read_text()[-3000:]
        time.sleep(0.2)


def _cancel_all(cluster: Cluster) -> None:
    """End the jobs that a failed test left, which would outlive the cluster."""
    environment = os.environ | cluster.environment
    subprocess.run(["scancel", "--user=root"], env=environment)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        left = subprocess.run(["squeue", "--noheader"], capture_output=True, env=environment)
        if left.returncode or not left.stdout:
            return
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _end(pid_file: Path) -> None:
    if pid_file.is_file():
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
