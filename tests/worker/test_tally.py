"""A tally adds up the time of each stage."""

from threading import Thread
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
    assert tally.wall_s == 159


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


def test_a_stage_inside_another_counts_once(clock):
    """So the stages of a thread add up to its time: 1 + 2 + 4 s of decoding, within which 8 + 16 s of reading."""
    tally = Tally()
    with tally.stage("decode"):
        clock.now += 1
        with tally.stage("read"):
            clock.now += 8
        clock.now += 2
        with tally.stage("read"):
            clock.now += 16
        clock.now += 4
    assert tally.seconds == {"decode": 7, "read": 24}


def test_the_time_of_other_threads_stands_apart(clock):
    """They work while the tally's own thread does something else, or waits for them."""
    tally = Tally()

    def work():
        with tally.stage("decode"):
            clock.now += 5

    with tally.stage("wait for images"):
        for _ in range(2):
            thread = Thread(target=work)
            thread.start()
            thread.join()
    assert tally.seconds == {"wait for images": 10}
    assert tally.thread_seconds == {"decode": 10}
