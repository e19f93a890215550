"""A step is tried twice, unless the user must fix something first."""

import json

import pytest

from job.errors import (
    DataError,
    DiskFullError,
    JobError,
    MachineError,
    OutputError,
    StorageError,
    StoreRefusedError,
    WeightsError,
)
from job.worker import log
from job.worker.attempts import Attempts
from job.worker.shutdown import Stopped


class Step:
    """A step that raises one error in each of its first calls, and then returns `done`."""

    def __init__(self, *errors):
        self.errors, self.calls = list(errors), 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture
def attempts():
    """Attempts that count how often memory is freed."""

    def attempts(*, fail_fast=False):
        freed = []
        return Attempts(fail_fast, lambda: freed.append(1)), freed

    return attempts


def test_a_step_that_succeeds_is_run_once(attempts):
    """No memory has to be freed."""
    made, freed = attempts()
    step = Step()
    assert (made.twice("read", step), step.calls, made.failed, freed) == ("done", 1, {}, [])


@pytest.mark.parametrize("error", [RuntimeError("r"), StorageError("s"), DataError("reason", "d"), MemoryError("m")])
def test_a_step_that_fails_once_is_run_again(attempts, error):
    """Memory is freed between the attempts."""
    made, freed = attempts()
    step = Step(error)
    assert (made.twice("read", step), step.calls, made.failed, freed) == ("done", 2, {}, [1])


def test_a_step_that_fails_twice_is_recorded(attempts):
    """The reason is that of the second attempt; there is no third."""
    made, freed = attempts()
    step = Step(ValueError("first"), KeyError("second"), ValueError("third"))
    assert made.twice("sam", step) is None
    assert (step.calls, made.failed, freed) == (2, {"sam": "KeyError: 'second'"}, [1, 1])
    assert made.twice("ritm", Step()) == "done"


@pytest.mark.parametrize(
    "error",
    [
        JobError("j"),
        WeightsError("w"),
        OutputError("o"),
        StoreRefusedError("denied"),
        DiskFullError("d"),
        MachineError("m"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_the_user_must_fix_is_raised_at_once(attempts, error):
    """Another attempt would fail too."""
    made, _ = attempts()
    step = Step(error)
    with pytest.raises(type(error)):
        made.twice("read", step)
    assert (step.calls, made.failed) == (1, {})


@pytest.mark.parametrize(
    ("error", "by_machine"),
    [(MemoryError(), {"sam"}), (RuntimeError("CUDA error: misaligned address"), {"sam"}), (ValueError("v"), set())],
)
def test_a_fault_of_the_machine_is_told_from_others(attempts, error, by_machine):
    """If all of the first chunks fail by it, the run ends with another code."""
    made, _ = attempts()
    made.twice("sam", Step(ValueError("first"), error))
    assert made.by_machine == by_machine


def test_with_fail_fast_the_first_error_is_raised(attempts):
    """There is no second attempt."""
    made, _ = attempts(fail_fast=True)
    step = Step(RuntimeError("first"))
    with pytest.raises(RuntimeError, match="first"):
        made.twice("read", step)
    assert step.calls == 1


def test_a_stop_is_not_an_attempt_that_failed(attempts):
    """SIGTERM ends the run at once."""
    made, _ = attempts()
    step = Step(Stopped("stopping now"))
    with pytest.raises(Stopped):
        made.twice("read", step)
    assert step.calls == 1


def test_a_lost_device_ends_the_run():
    """To free its memory raises, and no attempt can succeed."""

    def free():
        raise RuntimeError("CUDA error: unspecified launch failure")

    step = Step(RuntimeError("a kernel failed"))
    with pytest.raises(RuntimeError, match="unspecified launch failure"):
        Attempts(fail_fast=False, free_memory=free).twice("sam", step)
    assert step.calls == 1


def test_only_an_error_of_the_program_is_logged_with_its_traceback(attempts, capfd):
    """What was expected and what came explains itself."""
    log.configure()
    made, _ = attempts()
    made.twice("sam", Step(DataError("unreadable", "cut short"), ValueError("v")))
    first, second = map(json.loads, capfd.readouterr().err.splitlines())
    assert (first["reason"], "exception" in first) == ("unreadable: cut short", False)
    assert (second["reason"], "Traceback" in second["exception"]) == ("ValueError: v", True)
    assert made.failed == {"sam": "ValueError: v"}
