"""A tally adds up the time of each stage."""

from types import SimpleNamespace

import pytest

from job.worker import tally as tallying
from job.worker.tally import Tally


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets, in seconds."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(tallying, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_the_times_of_a_stage_are_added_up(clock):
    """Here `read` takes 2 s and then 3 s, and `write` 4 s."""
    tally = Tally()
    for stage, seconds in (("read", 2), ("write", 4), ("read", 3)):
        with tally.stage(stage):
            clock.now += seconds
        clock.now += 50  # outside of any stage
    assert tally.seconds == {"read": 5, "write": 4}


def test_the_time_of_a_stage_that_fails_counts(clock):
    """The error is not held back."""
    tally = Tally()

    def fail():
        with tally.stage("read"):
            clock.now += 7
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail()
    assert tally.seconds == {"read": 7}
