"""Google Cloud Storage through gcsfs, by its options alone.

gcsfs repeats a request that fails up to five times, with waits from 1 s to 16 s. What is not left to it, and the fault
that needs it (tests/integration/test_other_stores.py):

- a bound on the time without a byte: a body that stalls;
- the plain file system in place of the one that gcsfs registers, which asks for the kind of each bucket over gRPC
  first: without the right to do that, or behind a proxy, each request is a warning in the log;
- the file of credentials that the environment names: if it is missing or damaged, gcsfs would go on without any.
"""

from __future__ import annotations

import logging
import os

from aiohttp import ClientTimeout
from gcsfs.core import GCSFileSystem

from job.storage.retry import STALL_S

logging.getLogger("gcsfs").addHandler(logging.NullHandler())  # it writes tracebacks where nobody set up a log


def open_gs() -> GCSFileSystem:
    """Return the file system of `gs://` addresses. Where there are no credentials, it reads what is public."""
    method = "google_default" if os.environ.get("GOOGLE_APPLICATION_CREDENTIALS") else None
    timeout = ClientTimeout(total=None, sock_connect=STALL_S, sock_read=STALL_S)
    return GCSFileSystem(token=method, requests_timeout=timeout, session_kwargs={"trust_env": True})
