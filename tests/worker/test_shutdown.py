"""SIGTERM: the chunk in hand is finished if that fits into the grace, else dropped."""

import math
import os
import signal
import time

import pytest
import structlog

from job.worker.shutdown import Stop, Stopped


@pytest.fixture(autouse=True)
def _log():
    """Log to the standard error of this test."""
    structlog.reset_defaults()


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def test_between_chunks_a_run_stops_at_once():
    """While it plans, loads weights or summarises."""
    with Stop(60).handled(), pytest.raises(Stopped):
        terminate()


def test_a_chunk_that_fits_into_the_grace_is_finished():
    """Then the run stops, before the next one."""
    stop, finished = Stop(60), []

    def chunk():
        with stop.chunk(lambda: 59.0):
            terminate()
            finished.append(True)

    with stop.handled(), pytest.raises(Stopped):
        chunk()
    assert finished


@pytest.mark.parametrize("estimate", [61.0, math.inf], ids=["too long", "unknown"])
def test_a_chunk_that_does_not_fit_is_dropped_at_once(estimate):
    """What a container's owner would kill anyway."""
    stop = Stop(60)
    with stop.handled(), stop.chunk(lambda: estimate), pytest.raises(Stopped):
        terminate()


def test_a_chunk_that_takes_longer_than_its_estimate_is_dropped_when_the_grace_is_over():
    """An estimate can be wrong."""
    stop, began = Stop(0.05), time.monotonic()

    def chunk():
        with stop.chunk(lambda: 0.01):
            terminate()
            time.sleep(30)

    with stop.handled(), pytest.raises(Stopped):
        chunk()
    assert time.monotonic() - began < 20


def test_nothing_that_mends_errors_holds_a_stop_up():
    """It is no Exception."""
    assert not issubclass(Stopped, Exception)


def test_signals_mean_again_what_they_meant_before():
    """For who calls the command line from Python."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT)]
    with Stop(60).handled():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT)] == before


def test_once_the_chunk_is_finished_no_alarm_is_left():
    """What is stored after it, such as the worker's account, is not cut short."""
    stop = Stop(0.05)

    def chunk():
        with stop.chunk(lambda: 0.01):
            terminate()

    with stop.handled():
        with pytest.raises(Stopped):
            chunk()
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
