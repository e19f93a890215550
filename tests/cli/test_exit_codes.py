"""The exit code of a command: done, to be fixed by the user, errors or gaps in the results, interrupted, stopped."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time

import pytest

from job.errors import DiskFullError, JobError, NothingDoneError
from job.worker.shutdown import Stopped
from tests.cases import SPEC, medsam_job, use_fake_models, write_generated, write_study
from tests.models.fake import FakeModel

NOWHERE = "no image holds an object of this task"
SECOND_DATASET = """\
  - name: More
    modality: synthetic
    images: {data}/more/*.png
    masks: {data}/masks/case0.png
    tasks: {{disc: 1}}
models:
"""
COMMANDS = {
    "predict": ["run", "SPEC"],
    "summarise": ["run", "SPEC", "--only", "statistics"],
    "validate": ["validate", "SPEC"],
    "preview": ["preview", "SPEC"],
    "plan": ["plan", "SPEC"],
    "status": ["status", "OUTPUT"],
    "verify": ["verify", "OUTPUT"],
    "sql": ["sql", "OUTPUT", "SELECT 1"],
    "reference": ["reference"],
    "schema": ["schema"],
}
"""Function of `job.cli`, in the module of the same name -> arguments that call it."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Use quick models."""
    use_fake_models(monkeypatch)


@pytest.fixture
def spec(tmp_path):
    """Return the spec of two data sets. The only file of the second is not an image."""
    (tmp_path / "data/more").mkdir(parents=True)
    (tmp_path / "data/more/bad.png").write_bytes(b"no image")
    return write_study(tmp_path, cases=1, text=SPEC.replace("models:\n", SECOND_DATASET))


@pytest.mark.parametrize(("error", "code"), [(DiskFullError("of another disk"), 4), (Stopped("now"), 143)])
def test_the_first_error_decides_although_the_manifest_cannot_be_stored_either(
    tmp_path, monkeypatch, capfd, error, code
):
    """The second one is logged. The run fails after its first part is stored."""

    class Failing(FakeModel):
        calls = 0

        def encode(self, images):
            Failing.calls += 1
            if Failing.calls > 1:
                raise error
            return super().encode(images)

    use_fake_models(monkeypatch, Failing)
    spec = write_generated(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results/manifests").write_text("in the way")
    assert medsam_job(monkeypatch, spec) == code
    assert len(list((tmp_path / "results/iou").iterdir())) == 1
    assert capfd.readouterr().err.count("the manifest was not stored") == 1


def test_a_manifest_that_cannot_be_stored_is_an_error_of_a_run_that_is_done(tmp_path, monkeypatch, capfd):
    """The output is at fault, which the user can mend."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results/manifests").write_text("in the way")
    assert medsam_job(monkeypatch, write_generated(tmp_path)) == 2
    assert "manifests/" in capfd.readouterr().err


def test_statistics_of_an_unfinished_study_end_with_3(tmp_path, monkeypatch, capfd):
    """A part is missing, although nothing failed."""
    spec = write_generated(tmp_path)
    assert medsam_job(monkeypatch, spec, "--shard", "0/2") == 0
    assert medsam_job(monkeypatch, spec, "--only", "statistics") == 3
    assert "Only 2 of 4 parts are done." in capfd.readouterr().out
    assert medsam_job(monkeypatch, spec, "--shard", "1/2") == 0
    assert medsam_job(monkeypatch, spec, "--only", "statistics") == 0


def test_a_data_set_without_a_readable_image_ends_with_3(spec, monkeypatch, capfd):
    """Its errors are in the ledger; its label values may be right."""
    assert medsam_job(monkeypatch, spec) == 3
    assert NOWHERE not in capfd.readouterr().err


def test_a_label_that_occurs_nowhere_ends_with_2(spec, monkeypatch, capfd):
    """Also if another data set has errors: they excuse only the tasks of their own data set."""
    spec.write_text(spec.read_text().replace("ring: 2", "ring: 7"))
    assert medsam_job(monkeypatch, spec) == 2
    err = capfd.readouterr().err
    assert f"datasets[0].tasks.ring: {NOWHERE}" in err
    assert err.count(NOWHERE) == 1


@pytest.mark.parametrize("function", COMMANDS)
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (Stopped("now"), 143),
        (JobError("wrong"), 2),
        (DiskFullError("full"), 4),
        (MemoryError(), 4),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 4),
        (ImportError("libtorch.so: cannot map segment: Cannot allocate memory"), 4),
        (RuntimeError("can't start new thread"), 4),
        (NothingDoneError("nothing"), 3),
    ],
    ids=["Ctrl-C", "SIGTERM", "JobError", "disk", "memory", "system", "library", "thread", "nothing done"],
)
def test_every_command_ends_with_the_code_of_its_error(function, error, code, monkeypatch, capfd):
    """2 is for what the user can fix, 4 for the machine's faults."""

    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(f"job.cli.{function}.{function}", fail)
    assert medsam_job(monkeypatch, *COMMANDS[function]) == code
    assert "Traceback" not in capfd.readouterr().err


WITH_A_THREAD = """\
import sys, threading
from job import __main__ as program
from job.errors import JobError

def command(*arguments, **options):
    threading.Thread(target=threading.Event().wait).start()
    print("printed")
    {ending}

program.app.registered_commands.clear()
program.app.command("wait")(lambda: command())
program.app.command("other")(lambda: None)
sys.argv = ["medsam-job", "wait"]
program.main()
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [("pass", 0), ("raise JobError('wrong')", 2), ("raise KeyboardInterrupt", 130), ("sys.exit('why')", 1)],
)
def test_a_command_that_ended_waits_for_no_thread(ending, code):
    """One may be waiting for a store. One of Arrow's that holds bytes of Python's would abort a regular exit: 134."""
    process = [sys.executable, "-c", WITH_A_THREAD.format(ending=ending)]
    ended = subprocess.run(process, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (code, "printed\n"), ended.stderr


def start(module, *arguments, **environment):
    """Start the command line as a process that takes SIGINT even if this one ignores it, as in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=os.environ | environment | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_until(condition, process):
    """Wait until a condition holds in a running process."""
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ctrl_c_ends_a_run_with_130_and_the_run_can_be_resumed(tmp_path, monkeypatch):
    """What is stored stays."""
    spec, parts = write_generated(tmp_path), tmp_path / "results/iou"
    worker = start("tests.worker.fake_worker", spec, MODEL_SECONDS="0.3")
    wait_until(lambda: list(parts.glob("*.parquet")), worker)
    worker.send_signal(signal.SIGINT)
    _, log = worker.communicate(timeout=60)
    stored = {path: path.stat().st_mtime_ns for path in parts.glob("*.parquet")}
    assert worker.returncode == 130
    assert "interrupted" in log
    assert "Traceback" not in log
    assert 0 < len(stored) < 4
    assert medsam_job(monkeypatch, spec, "--only", "predict") == 0
    assert len(list(parts.glob("*.parquet"))) == 4
    assert stored.items() <= {path: path.stat().st_mtime_ns for path in parts.iterdir()}.items()


def test_ctrl_c_ends_a_command_that_waits_for_its_input_with_130(tmp_path):
    """Here for the rest of a spec from a pipe: the signal comes when the first byte was read."""
    pipe = tmp_path / "spec.yaml"
    os.mkfifo(pipe)
    process = start("job", "run", pipe, "--only", "statistics")
    with pipe.open("wb", buffering=0) as file:
        file.write(b"#")
        wait_until(lambda: unread_bytes(file) == 0, process)
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in log


def unread_bytes(pipe):
    """Return how many bytes of a pipe its reader has not taken yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
