"""A real S3 server on 127.0.0.1: SeaweedFS, started once for the session and ended by its own process id."""

import json
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pytest
import structlog

from tests.integration.faulty import FaultyProxy

KEY, SECRET = "test-key", "test-secret"
READER_KEY, READER_SECRET = "reader-key", "reader-secret"
IDENTITIES = {
    "identities": [
        {
            "name": "owner",
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": [
                "Admin:study",
                "Read",
                "List",
                "Write",
            ],  # who is Admin of all creates a bucket by writing to it
        },
        {
            "name": "reader",
            "credentials": [{"accessKey": READER_KEY, "secretKey": READER_SECRET}],
            "actions": ["Read", "List"],
        },
    ]
}
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """Where the server listens, and the environment that its users need."""

    endpoint: str
    environment: dict[str, str]


def free_ports(count):
    """Find ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    """A running server with two identities: an owner, and one who may only read."""
    folder = tmp_path_factory.mktemp("seaweedfs")
    s3, master, volume, filer = free_ports(4)
    credentials = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    (folder / "s3.json").write_text(json.dumps(IDENTITIES))
    binary = shutil.which("weed", path=str(Path(os.sys.executable).parent)) or "weed"
    command = [
        binary, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false",
        f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}", f"-master.port={master}", f"-volume.port={volume}",
        f"-filer.port={filer}",
    ]  # fmt: skip
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            endpoint = f"http://127.0.0.1:{s3}"
            environment = {**credentials, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1"}
            wait_until_it_keeps_what_it_gets(environment, process, folder / "log.txt")
            yield Server(endpoint=endpoint, environment=environment)
        finally:
            process.kill()
            process.wait()


def wait_until_it_keeps_what_it_gets(environment, process, log):
    """A port that answers is not yet a store that keeps: wait for a put and a get."""
    fs = fsspec.filesystem(
        "s3",
        key=KEY,
        secret=SECRET,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        skip_instance_cache=True,
        config_kwargs={"retries": {"max_attempts": 1}, "connect_timeout": 2, "read_timeout": 5},
    )
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            fs.makedirs("study", exist_ok=True)
            fs.pipe_file("study/probe", b"x")
            if fs.cat_file("study/probe") == b"x":
                return
        except Exception as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the S3 server did not start: {error}\n{log.read_text()[-2000:]}") from error
        time.sleep(0.3)


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
