"""The progress bar estimates the time to the end of the chunk, which decides whether a chunk fits into the grace."""

import math
import os
import signal
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from job.worker import progress
from job.worker.progress import ProgressBar
from job.worker.shutdown import Stop, Stopped


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets, in seconds; bars begin at 1000."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def bar(clock):
    """A bar of 100 slices that logs."""
    return ProgressBar(100, terminal=False)


def test_the_time_left_follows_from_the_mean_speed(bar, clock):
    """4 of 10 slices in 8 s are 0.5 slices/s: the other 6 take 12 s."""
    with bar.chunk(10):
        clock.now += 8
        bar.advance(4)
        assert bar.seconds_left() == 12


def test_time_without_progress_lowers_the_speed(bar, clock):
    """4 of 10 slices in 8 s; after 8 s more it is 4 in 16 s, 0.25 slices/s, and 6 take 24 s."""
    with bar.chunk(10):
        clock.now += 8
        bar.advance(4)
        clock.now += 8
        assert bar.seconds_left() == 24


def test_the_speed_is_that_of_the_whole_run(bar, clock):
    """10 slices in 10 s, then 5 of 20 in 20 s: 15 in 30 s, 0.5 slices/s, and the other 15 take 30 s."""
    with bar.chunk(10):
        clock.now += 10
        bar.advance(10)
    with bar.chunk(20):
        clock.now += 20
        bar.advance(5)
        assert bar.seconds_left() == 30


def test_a_chunk_counts_in_full_at_its_end(bar, clock):
    """Of the first chunk 2 of 10 slices were evaluated: the next 10 still begin at 10 slices in 20 s."""
    with bar.chunk(10):
        clock.now += 20
        bar.advance(2)
    with bar.chunk(10):
        assert bar.seconds_left() == 20


def test_repeated_work_is_subtracted(bar, clock):
    """6 slices are taken back after an out-of-memory: 2 of 10 in 8 s leave 8, which take 32 s."""
    with bar.chunk(10):
        bar.advance(8)
        bar.advance(-6)
        clock.now += 8
        assert bar.seconds_left() == 32


def test_nothing_is_left_of_a_chunk_that_did_more_than_planned(bar, clock):
    """A part that a second attempt repeats counts twice until the chunk ends."""
    with bar.chunk(10):
        clock.now += 8
        bar.advance(12)
        assert bar.seconds_left() == 0


@pytest.mark.parametrize("seconds", [0, 8])
def test_while_nothing_is_done_the_time_left_is_unknown(bar, clock, seconds):
    """An infinite time fits into no grace."""
    with bar.chunk(10):
        clock.now += seconds
        assert bar.seconds_left() == math.inf


def test_the_first_slice_may_be_done_at_once(bar):
    """The clock has not moved yet, so no time is left."""
    with bar.chunk(10):
        bar.advance(1)
        assert bar.seconds_left() == 0


@pytest.mark.parametrize(
    ("grace_s", "finished"), [(12.001, True), (12, False), (11.999, False)], ids=["shorter", "equal", "longer"]
)
def test_a_chunk_is_finished_only_if_its_estimate_is_shorter_than_the_grace(bar, clock, grace_s, finished):
    """6 slices at 0.5 slices/s are left when SIGTERM comes: 12 s."""
    stop, log = Stop(grace_s), []

    def work():
        with stop.chunk(bar.seconds_left), bar.chunk(10):
            clock.now += 8
            bar.advance(4)
            os.kill(os.getpid(), signal.SIGTERM)
            log.append("finished")

    with stop.handled(), pytest.raises(Stopped, match="finished" if finished else "stopping now"):
        work()
    assert bool(log) == finished


def test_without_a_terminal_a_line_is_logged_every_15_seconds(clock):
    """With 30 of 100 slices after 15 s: 2 slices/s, and 35 s for the other 70."""
    with capture_logs() as logs:
        bar = ProgressBar(100, terminal=False)
        for _ in range(4):
            clock.now += 5
            bar.advance(10)
    rates = {"images_per_s": 2, "seconds_left": 35}
    assert logs == [{"event": "progress", "log_level": "info", "done": 30, "of": 100} | rates]


def test_a_line_without_progress_gives_no_time_left(clock):
    """All that was done is taken back in the 20th second."""
    with capture_logs() as logs:
        bar = ProgressBar(100, terminal=False)
        bar.advance(10)
        clock.now += 20
        bar.advance(-10)
    assert [(line["done"], line["seconds_left"]) for line in logs] == [(0, None)]


def test_on_a_terminal_a_bar_is_drawn_and_nothing_is_logged(clock, capfd):
    """It shows how many images are done."""
    with capture_logs() as logs, ProgressBar(100, terminal=True) as bar:
        clock.now += 20
        bar.advance(30)
    assert logs == []
    assert "30/100 images" in capfd.readouterr().err
