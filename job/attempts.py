"""What belongs to a chunk is tried twice; what fails twice is recorded, and the study goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from job.errors import DataError, JobError, StorageError, StoreRefusedError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Attempts:
    """The attempts at one chunk. `failed`: what failed twice, and why. fail_fast: the first failure ends the run.

    free_memory: gives back what a failed attempt held on the device.
    """

    fail_fast: bool
    free_memory: Callable[[], None]
    failed: dict[str, str] = field(default_factory=dict)

    def twice(self, what: str, do: Callable[[], Result]) -> Result | None:
        """Do it, and once more if it fails; None if it failed twice. What the user must mend ends the run at once."""
        for again in (True, False):
            try:
                return do()
            except Exception as error:
                if self.fail_fast or _is_for_the_user(error):
                    raise
                log = structlog.get_logger()
                log.error("failed; trying once more" if again else "failed again", what=what, exc_info=error)
                if not again:
                    self.failed[what] = f"{type(error).__name__}: {error}"
            # Out of the handler, so that the error's frames no longer hold tensors. A device that is lost raises here.
            self.free_memory()
        return None


def _is_for_the_user(error: Exception) -> bool:
    passing = isinstance(error, StorageError | DataError) and not isinstance(error, StoreRefusedError)
    return isinstance(error, JobError) and not passing
