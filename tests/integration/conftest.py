"""What the tests against a real S3 server share."""

import time

import fsspec
import pytest
import structlog

from tests.integration.faulty import FaultyProxy
from tests.integration.s3_server import s3_server

__all__ = ["s3_server"]


@pytest.fixture
def s3(s3_server, monkeypatch):
    """The address of an empty prefix in the bucket, with the environment set to reach it."""
    fsspec.filesystem("s3").clear_instance_cache()
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    yield f"s3://study/{time.monotonic_ns()}"
    fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture(autouse=True)
def default_logs():
    """A study that ran before has set logs up for an output that is closed by now."""
    structlog.reset_defaults()


@pytest.fixture
def quick(monkeypatch):
    """No long waits: between attempts, and for a store that stalls."""
    monkeypatch.setattr("job.storage.retry.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("job.storage.retry.LONGEST_WAIT_S", 0.1)
    monkeypatch.setattr("job.storage.s3.STALL_S", 0.5)


@pytest.fixture
def proxy(s3_server, s3, quick, monkeypatch):
    """A proxy before the server, by which it is reached from now on. It forwards all, until it is told otherwise."""
    with FaultyProxy(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy


@pytest.fixture
def log_in(s3, monkeypatch):
    """A way to go on as somebody else."""

    def as_somebody(key, secret):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        fsspec.filesystem("s3").clear_instance_cache()

    return as_somebody
