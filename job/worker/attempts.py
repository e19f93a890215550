"""Try each step of a chunk twice. A step that fails twice is recorded, and the study goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from job import storage
from job.errors import DataError, JobError, StorageError, StoreRefusedError
from job.models.device_faults import is_machine_fault

Result = TypeVar("Result")


@dataclass(frozen=True)
class Attempts:
    """The attempts at one chunk.

    fail_fast: raise the first error instead of trying again. free_memory: releases the device memory of a failed
    attempt. failed: the reason for each step that failed twice. by_machine: the steps whose fault is this machine's.
    """

    fail_fast: bool
    free_memory: Callable[[], None]
    failed: dict[str, str] = field(default_factory=dict)
    by_machine: set[str] = field(default_factory=set)

    def twice(self, step: str, run: Callable[[], Result]) -> Result | None:
        """Run a step, and once more if it fails; return None if it failed twice.

        Raise at once an error that the user must fix.
        """
        for is_last in (False, True):
            try:
                return run()
            except Exception as error:
                if self.fail_fast or _user_must_fix(error):
                    raise
                reason, traceback = _reason(error)
                event = "failed again" if is_last else "failed; trying once more"
                structlog.get_logger().error(event, what=step, reason=reason, exc_info=traceback)
                if is_last:
                    self.failed[step] = reason
                    self.by_machine.update({step} if is_machine_fault(error) else ())
            # Outside the handler, where the error's frames no longer hold tensors. Raises if the device is lost.
            self.free_memory()
        return None


def _reason(error: Exception) -> tuple[str, Exception | None]:
    """Return what an error says, and itself if its traceback is of use: what the program expected explains itself."""
    if isinstance(error, JobError):
        return storage.hide(str(error)), None
    return storage.hide(f"{type(error).__name__}: {error}"), error


def _user_must_fix(error: Exception) -> bool:
    """Return whether another attempt would fail too, until the user fixes something."""
    may_pass = isinstance(error, StorageError | DataError) and not isinstance(error, StoreRefusedError)
    return isinstance(error, JobError) and not may_pass
