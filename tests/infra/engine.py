"""Run the image as clusters do: uid 10001, read-only root file system, without privileges; in podman or in Docker.

The variable ENGINE is `podman` (if it is not set) or `docker`.
"""

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGINE = os.environ.get("ENGINE", "podman")
IMAGE = "medsam-job" if ENGINE == "docker" else "localhost/medsam-job"
RESTRICTED = [
    "--read-only", *(["--read-only-tmpfs=false"] if ENGINE == "podman" else []), "--tmpfs=/tmp:rw,size=1g",
    "--cap-drop=ALL", "--security-opt=no-new-privileges",
]  # fmt: skip
OFFLINE = "--network=none"
SERVICE_SECONDS = 30
WAIT_SECONDS = 300


def engine(*arguments):
    """Run podman or docker and return the completed process."""
    return subprocess.run([ENGINE, *map(str, arguments)], capture_output=True, check=False, text=True)


def in_image(*arguments, options=(OFFLINE,)):
    """Run the program in a container to its end, and return the completed process."""
    return engine("run", "--rm", *RESTRICTED, *options, IMAGE, *arguments)


def reaching(server):
    """Return the options with which a container reaches an S3 server on this machine."""
    return ["--network=host", *(f"--env={name}={value}" for name, value in server.environment.items())]


@contextmanager
def started(*arguments, options=()):
    """Run the program in a container in the background; yield the container's name, and remove it at the end."""
    name = f"medsam-job-{time.monotonic_ns()}"
    process = engine("run", "--detach", f"--name={name}", *RESTRICTED, *options, IMAGE, *arguments)
    try:
        assert process.returncode == 0, process.stderr
        yield name
    finally:
        engine("rm", "--force", name)


def exit_code(name):
    """Wait until a container has ended, and return its exit code."""
    return int(engine("wait", name).stdout)


def wait_until(condition, name):
    """Wait until a condition is true, while a container runs; fail if the container ends first."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        state = engine("inspect", "--format", "{{.State.Status}}", name).stdout.strip()
        assert state in ("created", "running"), engine("logs", name).stderr[-2000:]
        assert time.monotonic() < deadline, engine("logs", name).stderr[-2000:]
        time.sleep(0.2)


@contextmanager
def docker_socket(folder):
    """Serve Docker's API, by podman if Docker does not; yield the environment that its clients need."""
    if ENGINE == "docker":
        yield os.environ
        return
    socket = Path(folder) / "podman.sock"
    process = subprocess.Popen(
        ["podman", "system", "service", "--time=0", f"unix://{socket}"], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + SERVICE_SECONDS
        while not socket.exists():
            assert process.poll() is None, "podman's service has ended"
            assert time.monotonic() < deadline, "podman's service does not respond"
            time.sleep(0.1)
        yield os.environ | {"DOCKER_HOST": f"unix://{socket}"}
    finally:
        process.kill()
        process.wait()
