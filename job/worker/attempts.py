"""Each step of a chunk is tried twice; a step that fails twice is recorded, and the study goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from job.errors import DataError, JobError, StorageError, StoreRefusedError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Attempts:
    """The attempts at one chunk. `failed`: the steps that failed twice, and why. fail_fast: no second attempt.

    free_memory: gives back what a failed attempt held on the device.
    """

    fail_fast: bool
    free_memory: Callable[[], None]
    failed: dict[str, str] = field(default_factory=dict)

    def twice(self, step: str, run: Callable[[], Result]) -> Result | None:
        """Run a step, and once more if it fails; return None if it failed twice.

        An error that the user must mend ends the run at once.
        """
        for is_last in (False, True):
            try:
                return run()
            except Exception as error:
                if self.fail_fast or _is_for_the_user(error):
                    raise
                log = structlog.get_logger()
                log.error("failed again" if is_last else "failed; trying once more", what=step, exc_info=error)
                if is_last:
                    self.failed[step] = f"{type(error).__name__}: {error}"
            # Out of the handler, so that the error's frames no longer hold tensors. A lost device raises here.
            self.free_memory()
        return None


def _is_for_the_user(error: Exception) -> bool:
    """Return whether another attempt is useless: the user must mend something first."""
    may_pass = isinstance(error, StorageError | DataError) and not isinstance(error, StoreRefusedError)
    return isinstance(error, JobError) and not may_pass
