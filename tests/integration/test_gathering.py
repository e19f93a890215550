"""A gathering step and its workers, each a process: it ends when no more parts can come."""

import os
import subprocess
import sys
import time

from tests.cases import write_generated


def start(module, spec, *arguments, **environment):
    """Start the command line in its own process."""
    return subprocess.Popen(
        [sys.executable, "-m", module, spec, *arguments],
        env=os.environ | environment | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process):
    """Return the exit code and the output of a process, which must end soon."""
    out, _ = process.communicate(timeout=120)
    return process.returncode, out


def gathering(spec):
    """Start the gathering step, which would wait for a day."""
    return start("job", spec, "--only", "statistics", "--wait")


def until(condition, process):
    """Wait until a condition holds while a process runs."""
    while not condition():
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)


def test_a_worker_with_weights_of_another_plan_ends_the_wait(tmp_path):
    """Shard 0 stores its parts; shard 1 finds other weights than planned and ends with 2. The step ends with 3."""
    spec = write_generated(tmp_path)
    checkpoint = tmp_path / "lite.pth"
    checkpoint.write_bytes(b"of the plan")
    spec.write_text(spec.read_text().replace("lite_medsam\n", f"lite_medsam\n    checkpoint: {checkpoint}\n"))
    gather = gathering(spec)
    assert ended(start("tests.worker.fake_worker", spec, "--shard", "0/2"))[0] == 0
    assert gather.poll() is None
    checkpoint.write_bytes(b"another")
    code, out = ended(start("tests.worker.fake_worker", spec, "--shard", "1/2"))
    assert (code, "changed since it was planned" in out) == (2, True)
    code, out = ended(gather)
    assert code == 3
    assert "Only 2 of 4 parts are done." in out
    assert "Worker 1 of 2 ended with 2" in out


def test_workers_without_a_plan_end_the_wait_for_it(tmp_path):
    """Both end with 2 because the checkpoint is missing; so does the step, with their reason."""
    spec = write_generated(tmp_path)
    spec.write_text(spec.read_text().replace("lite_medsam\n", f"lite_medsam\n    checkpoint: {tmp_path}/none.pth\n"))
    gather = gathering(spec)
    assert [ended(start("job", spec, "--shard", f"{index}/2"))[0] for index in range(2)] == [2, 2]
    code, out = ended(gather)
    assert code == 2
    assert "no worker stored the plan" in out
    assert "none.pth: nothing is there" in out
    assert "Traceback" not in out


def test_a_worker_that_was_killed_and_begins_again_is_waited_for(tmp_path):
    """It leaves no word of its end, so the step cannot know; it sees the parts that come."""
    spec = write_generated(tmp_path)
    gather = gathering(spec)
    worker = start("tests.worker.fake_worker", spec, "--shard", "0/1", MODEL_SECONDS="0.5")
    until(lambda: list((tmp_path / "results").glob("iou/*.parquet")), worker)
    worker.kill()
    worker.communicate()
    assert gather.poll() is None
    assert ended(start("tests.worker.fake_worker", spec, "--shard", "0/1"))[0] == 0
    assert ended(gather)[0] == 0
