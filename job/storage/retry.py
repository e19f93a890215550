"""Retry transient errors: exponential backoff with full jitter, bounded in attempts and in time.

What is retried is a whole operation. The libraries below repeat single requests, a few times, because an operation
may consist of many: a listing of 100,000 files, a query. What is left to this module is what they do not repeat: a body
that was cut short, or does not match its checksum, and a store that is away for longer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import fsspec
import structlog

from job.errors import DataError, StorageError
from job.storage.address import public
from job.storage.faults import Kind, classify, storage_error

ATTEMPTS = 10
FIRST_WAIT_S = 0.25  # upper bound of the first wait; it doubles with each attempt
LONGEST_WAIT_S = 20.0
TOTAL_S = 180.0  # no attempt starts later than this after the first
STALL_S = 20.0  # a connection that receives no byte for this long has failed

T = TypeVar("T")
_jitter = random.SystemRandom()  # its own generator, so that no seeded sequence is disturbed


@dataclass
class Backoff:
    """The failed attempts at one operation, and the wait before the next."""

    address: str
    action: str
    attempts: int = 0
    started: float = field(default_factory=time.monotonic)

    def wait_after(self, error: Exception) -> float:
        """Return the seconds to wait after a failed attempt; StorageError if there is no further attempt."""
        finding = classify(error)
        if finding.kind is not Kind.TRANSIENT:
            raise storage_error(error, self.address, self.action) from None
        self.attempts += 1
        wait = _jitter.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (self.attempts - 1)))
        elapsed = time.monotonic() - self.started
        if self.attempts >= ATTEMPTS or elapsed + wait > TOTAL_S:
            raise StorageError(
                f"{public(self.address)}: cannot {self.action}: {finding.reason}; "
                f"{self.attempts} attempts in {elapsed:.0f} s failed; run again later"
            ) from None
        structlog.get_logger().warning(
            "storage request failed; retrying",
            address=public(self.address),
            action=self.action,
            attempt=self.attempts,
            of=ATTEMPTS,
            reason=finding.reason,
            wait_s=round(wait, 2),
        )
        return wait


def with_retries(address: str, action: str, operation: Callable[[], T]) -> T:
    """Return the result of an operation, retried on transient errors; StorageError if it still fails.

    If the credentials have expired, they are read again, once: their source may have new ones. A DataError, of a
    damaged archive, is raised as it is.
    action: the verb for messages, such as "read".
    """
    backoff, renewed = Backoff(address, action), False
    while True:
        try:
            return operation()
        except (StorageError, DataError):
            raise
        except Exception as error:
            renew = not renewed and classify(error).kind is Kind.EXPIRED
            wait = 0.0 if renew else backoff.wait_after(error)
        if renew:
            renewed = True
            forget_credentials()
        time.sleep(wait)


def forget_credentials() -> None:
    """Forget the file systems that are open, and with them the credentials that they have read."""
    kinds: list[Any] = [fsspec.AbstractFileSystem]
    while kinds:
        kind = kinds.pop()
        kind.clear_instance_cache()
        kinds += kind.__subclasses__()
