"""A real S3 server on 127.0.0.1: SeaweedFS, started once for the session and ended by its own process id."""

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pytest

KEY, SECRET = "test-key", "test-secret"
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
    """A running server with one identity."""
    folder = tmp_path_factory.mktemp("seaweedfs")
    s3, master, volume, filer = free_ports(4)
    credentials = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    binary = shutil.which("weed", path=str(Path(os.sys.executable).parent)) or "weed"
    command = [
        binary, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.port={s3}",
        f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", "-admin.ui=false", "-webdav=false",
    ]  # fmt: skip
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **credentials}, stdout=log, stderr=log)
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
