"""Workers on a real S3 server that are killed, stopped, or run in parallel: no row is lost or stored twice."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from job import storage
from job.audit.verify import verify
from job.cli.opening import open_results
from job.errors import EXIT_ERROR_ROWS, OutputError
from tests.cases import GENERATED, write_generated
from tests.integration.studies import planned_rows

STUDY = GENERATED.replace("patients: 6", "patients: 16").replace("chunk: 4", "chunk: 2")


def start(spec, output, *arguments, seconds=0.1):
    """Start a worker in its own process."""
    command = [sys.executable, "-m", "tests.worker.fake_worker", spec, "--output", output, *arguments]
    environment = os.environ | {"MODEL_SECONDS": str(seconds), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def until_done(spec, output, *arguments):
    """Run a worker to its end, which must be a success, or that of one more: a run passes by what killed two before."""
    for _ in range(2):
        worker = start(spec, output, *arguments)
        _, log = worker.communicate(timeout=300)
        if worker.returncode != EXIT_ERROR_ROWS:
            break
    assert worker.returncode == 0, log


def until_stored(output, worker):
    """Wait until the worker has stored a part."""
    while worker.poll() is None:
        with suppress(OutputError):  # no plan is stored yet
            if planned_rows(output, "iou"):
                return
        time.sleep(0.1)
    pytest.fail(f"the worker ended too early: {worker.stderr.read()}")


def until_begun(output, worker):
    """Wait until the worker is in the middle of a chunk, which takes seconds."""
    while worker.poll() is None and not storage.list_files(f"{output}/begun", "*"):
        time.sleep(0.1)
    time.sleep(0.5)


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return write_generated(tmp_path_factory.mktemp("study"), STUDY)


@pytest.fixture(scope="module")
def undisturbed(spec):
    """The rows of one undisturbed worker, and the seconds that it took."""
    output, started = str(spec.parent / "undisturbed"), time.monotonic()
    until_done(spec, output)
    return planned_rows(output), time.monotonic() - started


@pytest.mark.long
def test_a_study_killed_at_random_moments_ends_with_the_rows_of_an_undisturbed_one(s3, spec, undisturbed):
    """After each SIGKILL the same command is run again."""
    expected, seconds = undisturbed
    rng = random.Random(30)
    for _ in range(30):
        worker = start(spec, s3)
        time.sleep(rng.uniform(0.3, 1.0) * seconds)
        worker.kill()
        worker.communicate()
    until_done(spec, s3)
    assert planned_rows(s3) == expected
    assert list(verify(*open_results(s3))) == []


def test_four_workers_at_once_two_on_the_same_shard_give_the_same_rows(s3, spec, undisturbed):
    """One of the two wins each part; the other goes on."""
    workers = [start(spec, s3, "--shard", f"{index}/3") for index in (0, 1, 2, 2)]
    logs = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0, 0], logs
    assert planned_rows(s3) == undisturbed[0]
    assert list(verify(*open_results(s3))) == []


@pytest.mark.parametrize(("grace", "message"), [("60", "finished the chunk in hand"), ("0", "stopping now")])
def test_a_worker_that_is_asked_to_stop_ends_with_143_and_can_be_resumed(s3, spec, undisturbed, grace, message):
    """Whether or not the current chunk can be finished within the grace period."""
    worker = start(spec, s3, "--shard", "0/1", "--grace", grace, seconds=0.5)
    until_stored(s3, worker)
    until_begun(s3, worker)
    worker.send_signal(signal.SIGTERM)
    _, log = worker.communicate(timeout=60)
    assert worker.returncode == 143
    assert message in log
    assert "Traceback" not in log
    assert storage.list_files(f"{s3}/begun", "*") == []  # it was not killed
    stored = len(planned_rows(s3, "iou"))
    until_done(spec, s3)
    assert 0 < stored < len(planned_rows(s3, "iou"))
    assert planned_rows(s3) == undisturbed[0]
