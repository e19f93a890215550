"""What the tests against a real S3 server share."""

import time

import pytest
import structlog
from s3fs import S3FileSystem

from tests.cases import shorten_waits, use_fake_models
from tests.integration.faulty import FaultyProxy
from tests.integration.s3_server import s3_server
from tests.integration.studies import draw, write_spec

__all__ = ["s3_server"]


@pytest.fixture
def s3(s3_server, monkeypatch):
    """The address of an empty prefix in the bucket; the environment has the endpoint and the credentials."""
    S3FileSystem.clear_instance_cache()
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    yield f"s3://study/{time.monotonic_ns()}"
    S3FileSystem.clear_instance_cache()


@pytest.fixture(autouse=True)
def default_logs():
    """Structlog's default configuration: an earlier study may log to an output that is closed by now."""
    structlog.reset_defaults()


@pytest.fixture
def quick(monkeypatch):
    """Short waits between attempts and for a store that stalls."""
    shorten_waits(monkeypatch)


@pytest.fixture
def proxy(s3_server, s3, quick, monkeypatch):
    """A proxy through which the server is reached. It forwards all requests until a test sets faults."""
    with FaultyProxy(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy


@pytest.fixture
def log_in(s3, monkeypatch):
    """A function that changes the credentials."""

    def use_key(key, secret):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        S3FileSystem.clear_instance_cache()

    return use_key


@pytest.fixture
def quick_models(quick, monkeypatch, tmp_path):
    """Fake models and an empty cache, so that a study tests the engine and its storage alone."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def study(s3, quick_models, tmp_path):
    """The spec of a study of 8 images in S3, in several chunks, with its output there."""
    draw(f"{s3}/data", 8)
    return write_spec(tmp_path, f"{s3}/data", f"{s3}/results")
