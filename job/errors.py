"""Errors that a user can fix: `JobError` and its kinds. Any other exception that escapes is a bug of this program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

EXIT_DONE = 0
EXIT_MENDABLE = 2
EXIT_ERROR_ROWS = 3
EXIT_MACHINE = 4
EXIT_INTERRUPTED = 130
EXIT_STOPPED = 143


UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for tab and line feed
    "\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"  # direction and line of text, bytes that are no text
)


def printable(text: str) -> str:
    """Return a text in which nothing can steer a terminal: a visible sign stands for each control character.

    Names of files, keys of checkpoints and messages of stores are whatever their authors chose.
    """
    return UNPRINTABLE.sub(lambda match: _sign(ord(match[0])), text)


def _sign(code: int) -> str:
    """Return Unicode's picture of an ASCII control character, and the replacement character for all others."""
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


MEMORY_TEXTS = ("Cannot allocate memory", "can't allocate memory", "can't start new thread")
"""In an error of the system, of an import or of a thread that gets no memory."""


def lacks_memory(error: BaseException) -> bool:
    """Return whether an error means that this machine has no memory left for the process."""
    if isinstance(error, OSError | ImportError | RuntimeError):
        return any(text in str(error) for text in MEMORY_TEXTS)
    return isinstance(error, MemoryError)


class JobError(Exception):
    """An error that the user can fix. Its text names the field, what was expected, the value, and the remedy.

    exit_code: how the command line ends.
    """

    exit_code: ClassVar[int] = EXIT_MENDABLE


class MachineError(JobError):
    """A fault of this machine, not of the spec: an unusable device, a full disk, too little memory. Another may do."""

    exit_code = EXIT_MACHINE


class NothingDoneError(JobError):
    """All of the first chunks failed, for reasons that lie neither in the spec nor in the machine."""

    exit_code = EXIT_ERROR_ROWS


class StorageError(JobError):
    """An address cannot be read, written or listed: missing, denied or unreachable."""


class StoreRefusedError(StorageError):
    """A store refused for good: access denied, no such bucket, wrong credentials, no space. Ends the run."""


class DiskFullError(MachineError, StoreRefusedError):
    """A disk of this machine is full, or its quota is exceeded. Ends the run."""


class MemoryShortageError(JobError):
    """What this process may use does not suffice for a file. Like an unavailable store, that may differ elsewhere."""

    reason = "too little memory"
    remedy = "give the process more memory, or run the study on a larger machine"

    @property
    def detail(self) -> str:
        """The whole text, as the ledger shows it."""
        return str(self)


class WeightsError(JobError):
    """A checkpoint is missing, damaged, of another architecture, of another hash, or not plain weights."""


class OutputError(JobError):
    """The output folder cannot be written, or contains files that this program did not write."""


class DataError(JobError):
    """An image, mask or slice cannot be used. A run leaves it out and records `reason` and `detail` in the ledger."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class NoMaskError(DataError):
    """A task has no mask, or not the number of masks that the spec wants, which the spec allows: no error line."""


class AbsentError(DataError):
    """A file has a place for what is meant, and nothing in it, such as a null in a table of images."""


class PairingError(JobError):
    """Images and masks cannot be told apart or paired. key: the place in the data set of the spec that says how."""

    def __init__(self, key: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault of a spec: its place (line and column from 1), what was expected, the value, and a hint."""

    file: str
    line: int
    column: int
    field: str
    expected: str
    value: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        value = f" (got {self.value})" if self.value is not None else ""
        hint = f"; {self.hint}" if self.hint else ""
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}:{self.column}: {field}{self.expected}{value}{hint}"


class SpecError(JobError):
    """All faults of a spec, in the order of its files."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column, fault.field))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class UnsetVariablesError(SpecError):
    """A spec needs environment variables that are not set, beside its other faults.

    uses: variable -> the values of the spec that need it, as written.
    """

    def __init__(self, faults: Iterable[Fault], uses: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(faults)
        self.uses = uses
