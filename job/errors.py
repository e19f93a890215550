"""What a user can mend: `JobError` and its kinds. Anything else that escapes is a defect of this program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

EXIT_DONE = 0
EXIT_MENDABLE = 2
EXIT_ERROR_ROWS = 3
EXIT_INTERRUPTED = 130
EXIT_STOPPED = 143


class JobError(Exception):
    """A fault that the user can mend; its text says which field, what was expected, what came, and the way out."""


class StorageError(JobError):
    """An address cannot be read, written or listed: missing, denied, or out of reach."""


class StoreRefusedError(StorageError):
    """A store said no, and will say it again: denied, no such bucket, wrong credentials, disk full. Ends the run."""


class WeightsError(JobError):
    """A checkpoint is missing, damaged, of another architecture, of another hash, or not plain weights."""


class OutputError(JobError):
    """The output folder cannot be written, or holds what this program did not write."""


class DataError(JobError):
    """One image, mask or slice cannot be used. A run leaves it out and notes `reason` and `detail` in the ledger."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault of a spec: where it stands, what came, what was expected."""

    file: str
    line: int
    column: int
    field: str
    expected: str
    value: str | None = None
    hint: str | None = None

    def with_hint(self, hint: str) -> Fault:
        """Give the same fault with another way out."""
        return replace(self, hint=hint)

    def __str__(self) -> str:
        came = f" (got {self.value})" if self.value is not None else ""
        hint = f"; {self.hint}" if self.hint else ""
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}:{self.column}: {field}{self.expected}{came}{hint}"


class SpecError(JobError):
    """All faults of a spec at once, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.line, fault.column, fault.field))
        super().__init__("\n".join(str(fault) for fault in self.faults))
