"""Standard output and error as they may be: closed, full, a pipe that nobody reads, or of a small character set."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from job.errors import EXIT_MENDABLE, JobError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UTF8 = "utf-8"


class _Descriptor(io.FileIO):
    """The lowest layer of a stream, which never raises an error: a study goes on although nobody reads its log.

    fault: the first error. What is written after it is dropped.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)
        self.fault: OSError | None = None

    def write(self, data: ReadableBuffer) -> int:
        """Write, unless an earlier write failed."""
        try:
            while self.fault is None:
                written = super().write(data)
                if written is not None:
                    return written
                select.select([], [self], [])  # a terminal that another program has set not to block
        except OSError as error:
            self.fault = error
        return memoryview(data).nbytes


@contextmanager
def guarded() -> Iterator[None]:
    """Let standard output and error drop what they cannot take, and escape what they cannot show.

    At the end, exit with 2 if output was lost. A reader that closed its pipe wanted no more: then none was lost.
    """
    _open_closed()
    before: tuple[Any, Any] = (sys.stdout, sys.stderr)
    descriptors = [_Descriptor(_number(stream, number)) for number, stream in enumerate(before, start=1)]
    sys.stdout, sys.stderr = (_text(*pair) for pair in zip(descriptors, before, strict=True))
    try:
        yield
    finally:
        sys.stdout.flush()
        fault = descriptors[0].fault
        is_lost = fault is not None and not isinstance(fault, BrokenPipeError)
        if is_lost:
            print(f"standard output: cannot write: {fault}; what was printed is incomplete", file=sys.stderr)
        sys.stderr.flush()
        sys.stdout, sys.stderr = before
        for descriptor in descriptors:
            descriptor.fault = descriptor.fault or OSError()  # whoever kept the stream may find another file there
        if is_lost:
            sys.exit(EXIT_MENDABLE)


def require_utf8() -> None:
    """Raise JobError if the locale reads the names of files in another character set, and so as other names."""
    encoding = sys.getfilesystemencoding()
    if encoding.lower() != UTF8:
        raise JobError(f"the locale reads file names as {encoding}, expected UTF-8: set PYTHONUTF8=1 or LC_ALL=C.UTF-8")


def _open_closed() -> None:
    """Open the null device in place of standard streams that are closed; the next file would take their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _number(stream: io.TextIOWrapper | None, number: int) -> int:
    """Return the number of a stream's descriptor. stream: None if it was closed at the start."""
    if stream is None:
        return number
    stream.flush()
    return stream.fileno()


def _text(descriptor: _Descriptor, like: io.TextIOWrapper | None) -> io.TextIOWrapper:
    """Return a text stream with the settings of another one, but with an escape for each character that it lacks."""
    by_lines = like is None or like.line_buffering or like.write_through
    encoding = UTF8 if like is None else like.encoding
    return io.TextIOWrapper(
        io.BufferedWriter(descriptor), encoding=encoding, errors="backslashreplace", line_buffering=by_lines
    )
