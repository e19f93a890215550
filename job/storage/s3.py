"""S3 through s3fs, by its options: botocore repeats requests that fail and compares checksums.

What is not left to them, and the fault that needs it (tests/integration):

- One request reads a whole file, because S3 states no checksum for a part: an altered byte (test_s3_faults.py).
- s3fs's own attempts are switched off. They would multiply botocore's, and it resumes a download that was cut short
  with a part, which has no checksum: a truncated body (test_s3_faults.py).
- The credentials are read before a request is made. To s3fs, a local file that they need and that is missing is a file
  missing in the store: a token or a program that is not there (test_credentials.py).
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fsspec.asyn import sync
from s3fs import S3FileSystem

from job.storage import web
from job.storage.retry import STALL_S

CONNECT_S = 10.0
RETRIES = {"mode": "standard"}
"""Three attempts at a request, as botocore's standard mode has it: waits with jitter that double, and a quota."""


class CredentialsFileError(Exception):
    """A local file that the credentials need cannot be read."""


def open_s3(address: str) -> S3FileSystem:
    """Return the file system of an `s3://` address, logged in."""
    fs = S3FileSystem(**_options(address))
    fs.retries = 1
    try:
        sync(fs.loop, _log_in, fs)
    except OSError as error:
        if error.filename is None:
            raise
        raise CredentialsFileError(f"{error.filename}: {error.strerror}") from None
    return fs


def _options(address: str) -> dict[str, Any]:
    """Return the options of s3fs: those of the environment that botocore does not read itself, and bounds on time."""
    endpoint, region = os.environ.get("AWS_ENDPOINT_URL"), os.environ.get("AWS_REGION")
    # botocore reads AWS_DEFAULT_REGION alone; AWS's other tools, and their users, set AWS_REGION. Of the files of
    # trusted certificates it does not read SSL_CERT_FILE.
    client = {"region_name": region, "verify": next(iter(web.bundles()), None)}
    return {
        "endpoint_url": endpoint or None,
        "client_kwargs": {name: value for name, value in client.items() if value},
        "config_kwargs": {"connect_timeout": CONNECT_S, "read_timeout": STALL_S, "retries": RETRIES},
        "max_concurrency": 1,
        "version_aware": "versionId" in parse_qs(urlsplit(address).query),
    }


async def _log_in(fs: S3FileSystem) -> None:
    await fs.set_session()
    credentials = await fs.session.get_credentials()
    if credentials is not None:
        await credentials.get_frozen_credentials()
