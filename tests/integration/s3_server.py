"""A real S3 server on 127.0.0.1: SeaweedFS, started once for the test session and killed by its process id."""

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
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
            # Admin of one bucket: an admin of all would create a missing bucket by writing to it.
            "actions": [f"Admin:{BUCKET}", "Read", "List", "Write"],
        },
        {
            "name": "reader",
            "credentials": [{"accessKey": READER_KEY, "secretKey": READER_SECRET}],
            "actions": ["Read", "List"],
        },
    ]
}
START_SECONDS = 60
STOP_SECONDS = 20


@dataclass(frozen=True)
class Server:
    """The address on which the server listens, and the environment that its clients need."""

    endpoint: str
    environment: dict[str, str]

    def names(self, prefix):
        """Return the keys below a prefix of the bucket."""
        response = client_of(self.environment).list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/")
        return [entry["Key"] for entry in response.get("Contents", [])]

    def read(self, name):
        """Read an object of the bucket."""
        return client_of(self.environment).get_object(Bucket=BUCKET, Key=name)["Body"].read()


def client_of(environment):
    """Return a client that does not retry."""
    return get_session().create_client(
        "s3",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name=environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5),
    )


def free_ports(count):
    """Return ports on which no process listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    """A running server with two identities: an owner, and a reader who may not write."""
    folder = tmp_path_factory.mktemp("seaweedfs")
    s3, master, volume, filer = free_ports(4)
    credentials = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    (folder / "s3.json").write_text(json.dumps(IDENTITIES))
    binary = shutil.which("weed", path=str(Path(sys.executable).parent)) or "weed"
    command = [
        binary, f"-logdir={folder}", "mini", f"-dir={folder}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false",
        f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}", f"-master.port={master}", f"-volume.port={volume}",
        f"-filer.port={filer}",
        "-s3.port.iceberg=0", "-s3.port.lance=0",  # else two servers that start at once take the same ports
    ]  # fmt: skip
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            endpoint = f"http://127.0.0.1:{s3}"
            environment = {**credentials, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1"}
            wait_until_it_stores_files(environment, process, folder / "log.txt")
            yield Server(endpoint=endpoint, environment=environment)
        finally:
            process.terminate()  # it takes its sockets in /tmp away
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_it_stores_files(environment, process, log):
    """Wait until a file can be put and got; the port is open earlier."""
    client = client_of(environment)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="probe", Body=b"x")
            if client.get_object(Bucket=BUCKET, Key="probe")["Body"].read() == b"x":
                return
        except (BotoCoreError, ClientError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the S3 server did not start: {error}\n{log.read_text()[-2000:]}") from error
        time.sleep(0.3)
