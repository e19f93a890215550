"""A real S3 server on 127.0.0.1: SeaweedFS, started once for the session and ended by its own process id."""

import json
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

BUCKET = "study"
KEY, SECRET = "test-key", "test-secret"
READER_KEY, READER_SECRET = "reader-key", "reader-secret"
IDENTITIES = {
    "identities": [
        {
            "name": "owner",
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": [
                f"Admin:{BUCKET}",
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

    def names(self, prefix):
        """List what lies below a prefix of the bucket."""
        found = client_of(self.environment).list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/")
        return [one["Key"] for one in found.get("Contents", [])]

    def read(self, name):
        """Read an object of the bucket."""
        return client_of(self.environment).get_object(Bucket=BUCKET, Key=name)["Body"].read()


def client_of(environment):
    """Open a client that does not try twice."""
    return get_session().create_client(
        "s3",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name=environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5),
    )


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
    binary = shutil.which("weed", path=str(Path(sys.executable).parent)) or "weed"
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
    client = client_of(environment)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if BUCKET not in [one["Name"] for one in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="probe", Body=b"x")
            if client.get_object(Bucket=BUCKET, Key="probe")["Body"].read() == b"x":
                return
        except (BotoCoreError, ClientError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the S3 server did not start: {error}\n{log.read_text()[-2000:]}") from error
        time.sleep(0.3)
