"""A study on a real Slurm cluster, over a real S3 server: an array of workers, interrupted, and a gathering job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from job import storage
from tests.integration.slurm import Cluster, cluster
from tests.integration.studies import draw, rows, write_spec

__all__ = ["cluster"]

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).parents[2]
SUBMIT = ROOT / "infra" / "slurm" / "submit.sh"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The job with quick models, as a program."""
    path = tmp_path / "medsam-job"
    path.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec "{sys.executable}" -m tests.worker.fake_worker "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def environment(program: Path, tmp_path: Path, s3_server) -> dict[str, str]:
    """What the jobs get: the program, the store, and models that take their time."""
    own = {"MEDSAM_JOB": str(program), "MEDSAM_JOB_CACHE": str(tmp_path / "cache"), "MODEL_SECONDS": "0.3"}
    return s3_server.environment | own | {"OMP_NUM_THREADS": "1"}


def submitted(cluster: Cluster, environment: dict[str, str], spec: Path) -> tuple[str, str]:
    """Submit a study for three workers; return the ids of the array and of the gathering job."""
    said = cluster.run(str(SUBMIT), str(spec), **environment, WORKERS="3")
    found = re.search(r"by 3 workers: jobs (\d+),(\d+)", said)
    assert found, said
    return found[1], found[2]


def at_once(cluster: Cluster, task: str) -> None:
    """Start a task that is back in the queue, where Slurm holds it for two minutes.

    Its node must be done with it first, and it takes no task again in the second in which that was killed.
    """
    cluster.wait(task, "PENDING")
    cluster.wait_for_node(task)
    cluster.run("scontrol", "update", f"JobId={task}", "StartTime=now+3")


def test_interrupted_workers_and_the_gathering_job_give_the_results_of_one_process(
    cluster: Cluster, s3: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """One worker is near its time limit, one is killed and queued again; then everything is done and gathered."""
    draw(f"{s3}/data", 12)
    spec = write_spec(tmp_path / "cluster", f"{s3}/data", f"{s3}/cluster", chunk=1)
    alone = write_spec(tmp_path / "alone", f"{s3}/data", f"{s3}/alone", chunk=1)
    array, gather = submitted(cluster, environment, spec)
    for task in (f"{array}_0", f"{array}_1"):
        cluster.wait(task, "RUNNING")
    while not storage.list_files(f"{s3}/cluster/iou", "*.parquet"):
        time.sleep(0.1)
    cluster.run("scancel", "--signal=USR1", "--batch", f"{array}_0")
    cluster.run("scontrol", "requeue", f"{array}_1")
    for task in (f"{array}_0", f"{array}_1"):
        at_once(cluster, task)
    for task in (f"{array}_{index}" for index in range(3)):
        assert cluster.wait(task, "COMPLETED", "FAILED") == "COMPLETED", cluster.logs()
    assert cluster.wait(gather, "COMPLETED", "FAILED") == "COMPLETED", cluster.logs()
    assert "back into the queue" in (cluster.folder / f"medsam-job-{array}_0.log").read_text()
    subprocess.run([environment["MEDSAM_JOB"], str(alone)], check=True, env=os.environ | environment)
    assert rows(f"{s3}/cluster") == rows(f"{s3}/alone")
    assert summary(f"{s3}/cluster") == summary(f"{s3}/alone")


def summary(output: str) -> dict[str, bytes]:
    """Return the summary's CSV files by name."""
    files = storage.list_files(f"{output}/summary", "*.csv")
    return {file.address.rsplit("/", 1)[-1]: storage.read(file.address) for file in files}


def test_a_study_that_is_done_is_gathered_alone(
    cluster: Cluster, s3: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """A second submission has no workers to start."""
    draw(f"{s3}/data", 6)
    spec = write_spec(tmp_path / "spec", f"{s3}/data", f"{s3}/results")
    subprocess.run([environment["MEDSAM_JOB"], str(spec)], check=True, env=os.environ | environment)
    said = cluster.run(str(SUBMIT), str(spec), **environment)
    found = re.search(r"0 chunks to do by 0 workers: jobs (\d+)\n", said)
    assert found, said
    assert cluster.wait(found[1], "COMPLETED", "FAILED") == "COMPLETED", cluster.logs()


def test_a_fault_of_the_spec_shows_where_it_is_submitted(
    cluster: Cluster, environment: dict[str, str], tmp_path: Path
) -> None:
    """Nothing is queued, and the message is that of the program."""
    (tmp_path / "study.yaml").write_text("study: x\n")
    before = cluster.states()
    done = subprocess.run(
        [SUBMIT, tmp_path / "study.yaml"],
        capture_output=True,
        text=True,
        env=os.environ | cluster.environment | environment,
    )
    assert done.returncode == 2
    assert "datasets" in done.stderr
    assert cluster.states() == before


def test_submit_without_a_spec_says_how_it_is_used() -> None:
    """The head of the script."""
    done = subprocess.run([SUBMIT], capture_output=True, text=True)
    assert done.returncode == 2
    assert "infra/slurm/submit.sh specs/study.yaml" in done.stderr
