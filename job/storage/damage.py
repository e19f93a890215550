"""What a library says of a damaged file becomes a DataError; what it says of the machine or the disk stays what it is.

Libraries raise nearly any exception for damaged bytes. Among them may be one that has nothing to do with the file: no
memory, a disk that cannot be read, too many open files. A file that is called damaged is left out for good, while
all else is tried again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from job.errors import DataError, JobError, lacks_memory, printable
from job.storage import codes
from job.storage.faults import storage_error

OF_THE_DISK = {*codes.REFUSED_NUMBERS, *codes.TRANSIENT_NUMBERS, errno.EMFILE, errno.ENFILE, errno.ENODEV}
"""Numbers of the system's errors that no content of a file causes."""
MOST_LETTERS = 400
"""Of an exception's text."""


def text_of(error: Exception) -> str:
    """Return what a library says of a file, in which nothing can steer a terminal: it may quote the file."""
    return printable(str(error))[:MOST_LETTERS]


def damaged(error: Exception) -> str:
    """Return the usual detail of a damaged file."""
    return f"damaged: {text_of(error)}"


@contextmanager
def damage_named(
    address: str = "",
    describe: Callable[[Exception], str] = damaged,
    kinds: tuple[type[Exception], ...] = (Exception,),
) -> Iterator[None]:
    """Turn what is raised in this context into a DataError, but for errors of this program, of memory and of the disk.

    Memory that is lacking rises as a MemoryError, an error of the disk as a StorageError. address: of the file that is
    opened in this context; "" if it is open already, so that an error of the disk rises as it is. describe: returns
    the detail. kinds: exceptions that tell of damage.
    """
    try:
        yield
    except (JobError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise (storage_error(error, address, "read") if address else error) from None
    except kinds as error:
        for cause in _causes(error):
            if lacks_memory(cause):
                raise MemoryError(str(cause)) from error
            if isinstance(cause, OSError) and cause.errno in OF_THE_DISK:
                raise (storage_error(cause, address, "read") if address else cause) from None
        raise DataError("unreadable", describe(error)) from None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it followed from: zipfile calls a file that the disk does not give no zip file."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
