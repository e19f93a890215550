"""When an attempt is followed by another, and by how much later."""

import pytest
import structlog

from job.errors import StorageError
from job.storage import retry
from job.storage.retry import Retries


@pytest.fixture
def waits(monkeypatch):
    """Chance at its highest, and the waits as they are."""
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.25)
    monkeypatch.setattr(retry._chance, "uniform", lambda low, high: high)


def test_waits_double_up_to_a_bound(waits):
    """Nine of them, for ten attempts."""
    attempts = Retries("s3://b/a", "read")
    assert [attempts.failed(TimeoutError()) for _ in range(9)] == [0.25, 0.5, 1, 2, 4, 8, 16, 20, 20]
    with pytest.raises(StorageError, match=r"s3://b/a: cannot read: TimeoutError; 10 attempts in 0 s failed"):
        attempts.failed(TimeoutError())


def test_any_shorter_wait_is_as_likely(monkeypatch):
    """So that workers who failed together do not come back together."""
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 1.0)
    waits = [Retries("s3://b/a", "read").failed(TimeoutError()) for _ in range(200)]
    assert min(waits) < 0.1
    assert max(waits) > 0.9


def test_no_attempt_begins_after_the_time_is_up(waits, monkeypatch):
    """However few there were: each may have taken long."""
    attempts = Retries("s3://b/a", "read")
    attempts.failed(TimeoutError())
    attempts.began -= retry.TOTAL_S
    with pytest.raises(StorageError, match="2 attempts in 180 s failed"):
        attempts.failed(TimeoutError())


def test_each_attempt_that_failed_is_logged():
    """With its number, the reason, and no secret."""
    with structlog.testing.capture_logs() as lines:
        Retries("https://me:word@host/a?token=x", "read").failed(ConnectionResetError("by peer"))
    (line,) = lines
    assert (line["log_level"], line["address"], line["action"]) == ("warning", "https://host/a", "read")
    assert (line["attempt"], line["of"], line["reason"]) == (1, 10, "ConnectionResetError: by peer")
