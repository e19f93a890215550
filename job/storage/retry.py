"""Tries again what may pass: exponential backoff with full jitter, bounded in attempts and in time.

This is the only layer that does. On S3 it is around each request (`s3.py`), with all other stores around each
operation; botocore's and s3fs's own attempts are switched off, for layers would multiply.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from job.errors import StorageError
from job.storage.address import public
from job.storage.faults import Kind, failure, judge

ATTEMPTS = 10
FIRST_WAIT_S = 0.25  # at most; it doubles with each attempt
LONGEST_WAIT_S = 20.0
TOTAL_S = 180.0  # no attempt begins later

T = TypeVar("T")
_chance = random.SystemRandom()  # of its own, so that no seeded sequence is disturbed


@dataclass
class Retries:
    """The attempts at one obj."""

    address: str
    action: str
    made: int = 0
    began: float = field(default_factory=time.monotonic)

    def failed(self, error: Exception) -> float:
        """Note that an attempt failed: give the seconds until the next one, or raise what the user is told."""
        found = judge(error)
        if found.kind is not Kind.PASSING:
            raise failure(error, self.address, self.action) from None
        self.made += 1
        wait = _chance.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (self.made - 1)))
        spent = time.monotonic() - self.began
        if self.made >= ATTEMPTS or spent + wait > TOTAL_S:
            raise StorageError(
                f"{public(self.address)}: cannot {self.action}: {found.reason}; "
                f"{self.made} attempts in {spent:.0f} s failed; run again later"
            ) from None
        structlog.get_logger().warning(
            "storage failed; trying again",
            address=public(self.address),
            action=self.action,
            attempt=self.made,
            of=ATTEMPTS,
            reason=found.reason,
            wait_s=round(wait, 2),
        )
        return wait


def persistently(address: str, action: str, do: Callable[[], T]) -> T:
    """Do it until it succeeds; raise StorageError for what does not pass, or not in time."""
    attempts = Retries(address, action)
    while True:
        try:
            return do()
        except StorageError:
            raise
        except Exception as error:
            wait = attempts.failed(error)
        time.sleep(wait)
