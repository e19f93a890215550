"""SIGTERM: the current chunk is finished if it fits into the grace period, and dropped otherwise."""

import math
import os
import signal
import sys
import time
import weakref
from collections import Counter

import pytest
from structlog.testing import capture_logs

from job.worker.shutdown import Stop, Stopped


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def test_between_chunks_a_run_stops_at_once():
    """It may be planning, loading weights or summarising."""
    with Stop(60).handled(), pytest.raises(Stopped):
        terminate()


def test_a_chunk_that_fits_into_the_grace_is_finished():
    """Then the run stops, before the next chunk."""
    stop, finished = Stop(60), []

    def chunk():
        with stop.chunk(lambda: 59.0):
            terminate()
            finished.append(True)

    with stop.handled(), pytest.raises(Stopped):
        chunk()
    assert finished


@pytest.mark.parametrize("estimate", [60.0, 61.0, math.inf], ids=["as long", "too long", "unknown"])
def test_a_chunk_that_does_not_fit_is_dropped_at_once(estimate):
    """It would be killed after the grace."""
    stop = Stop(60)
    with stop.handled(), stop.chunk(lambda: estimate), pytest.raises(Stopped):
        terminate()


def test_a_chunk_that_takes_longer_than_its_estimate_is_dropped_when_the_grace_is_over():
    """The estimate is not trusted beyond that."""
    stop, began = Stop(0.05), time.monotonic()

    def chunk():
        with stop.chunk(lambda: 0.01):
            terminate()
            time.sleep(30)

    with stop.handled(), pytest.raises(Stopped):
        chunk()
    assert time.monotonic() - began < 20


def test_no_handler_of_errors_catches_a_stop():
    """It is a BaseException."""
    assert not issubclass(Stopped, Exception)


def test_the_handlers_of_signals_are_restored():
    """The command line may be called from a Python program with handlers of its own."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT)]
    with Stop(60).handled():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT)] == before


def test_once_the_chunk_is_finished_no_alarm_is_left():
    """What is stored after it, such as the manifest, is not interrupted."""
    stop = Stop(0.05)

    def chunk():
        with stop.chunk(lambda: 0.01):
            terminate()

    with stop.handled():
        with pytest.raises(Stopped):
            chunk()
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_second_sigterm_does_not_extend_the_grace():
    """The alarm still rings when the grace after the first one is over."""
    stop = Stop(60)

    def chunk():
        with stop.chunk(lambda: 1.0):
            terminate()
            time.sleep(0.1)
            terminate()
            remaining_s, _ = signal.getitimer(signal.ITIMER_REAL)
            assert 0 < remaining_s <= 59.9

    with stop.handled(), pytest.raises(Stopped, match="finished the chunk in hand"):
        chunk()


def test_a_second_sigterm_drops_a_chunk_whose_estimate_has_grown():
    """It asks for the estimate again."""
    stop, estimates = Stop(60), [1.0, 61.0]

    def chunk():
        with stop.chunk(lambda: estimates.pop(0)):
            terminate()
            terminate()

    with stop.handled(), pytest.raises(Stopped, match="stopping now"):
        chunk()


@pytest.fixture
def interruptible():
    """Let SIGINT raise KeyboardInterrupt; a process that a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Dying:
    """An object at whose end a signal comes. Python drops what its `__del__` raises."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "raised"), [(signal.SIGTERM, Stopped), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_that_comes_where_python_cannot_raise_is_not_lost(number, raised, capfd):
    """In the `__del__` of an object, and in the callback of a weak reference; nor is it reported as a fault."""
    for end in (lambda: Dying(number), lambda: weakref.ref(Counter(), lambda _: os.kill(os.getpid(), number))):
        began = time.monotonic()

        def run(end=end):
            end()
            time.sleep(30)

        with Stop(60).handled(), pytest.raises(raised):
            run()
        assert time.monotonic() - began < 20
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "raised"), [(signal.SIGTERM, Stopped), (signal.SIGINT, KeyboardInterrupt)])
def test_a_dropped_signal_is_not_lost_at_the_end_of_a_chunk(number, raised):
    """Which comes before the moment in which it would be raised again, and ends all alarms."""
    stop = Stop(60)

    def chunk():
        with stop.chunk(lambda: math.inf):
            Dying(number)

    with stop.handled(), pytest.raises(raised):
        chunk()


def test_what_else_an_object_raises_at_its_end_is_reported(capfd, monkeypatch):
    """As before the run, and after it."""
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)

    class Faulty:
        def __del__(self):
            raise ValueError("at the end")

    with Stop(60).handled():
        Faulty()
    assert "ValueError: at the end" in capfd.readouterr().err
    assert sys.unraisablehook is sys.__unraisablehook__


def test_without_a_grace_every_chunk_is_dropped():
    """Even one that is about to end."""
    stop = Stop(0)
    with stop.handled(), stop.chunk(lambda: 0.0), pytest.raises(Stopped, match="stopping now"):
        terminate()


def test_the_log_says_how_the_run_ended():
    """A user sees whether the chunk was finished, and that a second run goes on."""
    stop = Stop(60)
    with capture_logs() as logs:
        with pytest.raises(Stopped), stop.handled():
            terminate()
        with pytest.raises(KeyboardInterrupt), stop.handled():
            raise KeyboardInterrupt
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("warning", "SIGTERM: stopping now; run again to go on"),
        ("warning", "interrupted: what is stored stays; run again to go on"),
    ]
