"""When an operation is attempted again, and after how many seconds."""

import pytest
import structlog
from botocore.exceptions import ClientError

from job.errors import StorageError
from job.storage import retry
from job.storage.retry import Backoff, with_retries


@pytest.fixture
def longest_waits(monkeypatch):
    """Each random wait takes its upper bound; the first is 0.25 s."""
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.25)
    monkeypatch.setattr(retry._jitter, "uniform", lambda low, high: high)


def test_waits_double_up_to_a_bound(longest_waits):
    """Ten attempts have nine waits between them."""
    backoff = Backoff("s3://b/a", "read")
    assert [backoff.wait_after(TimeoutError()) for _ in range(9)] == [0.25, 0.5, 1, 2, 4, 8, 16, 20, 20]
    with pytest.raises(StorageError, match=r"s3://b/a: cannot read: TimeoutError; 10 attempts in 0 s failed"):
        backoff.wait_after(TimeoutError())


def test_a_wait_is_uniform_between_zero_and_its_bound(monkeypatch):
    """Workers that failed together do not try again together."""
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 1.0)
    waits = [Backoff("s3://b/a", "read").wait_after(TimeoutError()) for _ in range(200)]
    assert min(waits) < 0.1
    assert max(waits) > 0.9
    assert sum(waits) / 200 == pytest.approx(0.5, abs=0.15)  # 7 standard errors


@pytest.mark.parametrize(("elapsed_s", "retried"), [(179.4, True), (179.6, False), (181.0, False)])
def test_no_attempt_starts_after_180_seconds(longest_waits, monkeypatch, elapsed_s, retried):
    """The second wait, of 0.5 s, counts: an attempt that would start later is not made."""
    backoff = Backoff("s3://b/a", "read", started=1000.0)
    monkeypatch.setattr(retry.time, "monotonic", lambda: 1000.0)
    assert backoff.wait_after(TimeoutError()) == 0.25
    monkeypatch.setattr(retry.time, "monotonic", lambda: 1000.0 + elapsed_s)
    if retried:
        assert backoff.wait_after(TimeoutError()) == 0.5
    else:
        with pytest.raises(StorageError, match=f"TimeoutError; 2 attempts in {elapsed_s:.0f} s failed; run again"):
            backoff.wait_after(TimeoutError())


def test_each_failed_attempt_is_logged():
    """The line has the attempt's number and the reason, and no secret."""
    with structlog.testing.capture_logs() as lines:
        Backoff("https://me:word@host/a?token=x", "read").wait_after(ConnectionResetError("by peer"))
    (line,) = lines
    assert (line["log_level"], line["address"], line["action"]) == ("warning", "https://host/a", "read")
    assert (line["attempt"], line["of"], line["reason"]) == (1, 10, "ConnectionResetError: by peer")


def test_an_operation_waits_between_its_attempts(longest_waits, monkeypatch):
    """It returns the result of the attempt that succeeds."""
    sleeps = []
    monkeypatch.setattr(retry.time, "sleep", sleeps.append)
    outcomes = iter([TimeoutError(), ConnectionResetError(), "content"])

    def operation():
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    assert with_retries("s3://b/a", "read", operation) == "content"
    assert sleeps == [0.25, 0.5]


def test_a_storage_error_is_raised_as_it_is():
    """It has its message already, and is not retried."""
    raised = StorageError("s3://b/a: changed since it was planned")
    calls = []

    def operation():
        calls.append(1)
        raise raised

    with pytest.raises(StorageError) as caught:
        with_retries("s3://b/a", "read", operation)
    assert caught.value is raised
    assert len(calls) == 1


def test_expired_credentials_are_read_again_once(longest_waits, monkeypatch):
    """Without a wait: their source may have new ones, or has none."""
    sleeps, forgotten = [], []
    monkeypatch.setattr(retry.time, "sleep", sleeps.append)
    monkeypatch.setattr(retry, "forget_credentials", lambda: forgotten.append(1))

    def operation():
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "words"}}, "GetObject")

    with pytest.raises(StorageError, match="the credentials are not valid or have expired"):
        with_retries("s3://b/a", "read", operation)
    assert (sleeps, forgotten) == ([0.0], [1])


def test_a_permanent_error_is_not_retried(longest_waits):
    """The message has the address, the action and the reason."""
    with pytest.raises(StorageError, match=r"^/data/a: cannot read: IsADirectoryError: Is a directory$"):
        Backoff("/data/a", "read").wait_after(IsADirectoryError(21, "Is a directory"))
