"""A file at any address as a stream that can be positioned, of which no more than what is needed is fetched.

And the file system of such streams, for a program that needs one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from job.errors import StorageError
from job.storage.address import FileInfo
from job.storage.faults import changed_since_plan
from job.storage.files import info, local_path, read
from job.storage.ranges import Ranges
from job.storage.reader import Reader
from job.storage.retry import with_retries
from job.storage.stores import is_archive, is_http, is_local, open_store

READ_AHEAD = 1 << 16


@contextmanager
def stream(file: FileInfo) -> Iterator[BinaryIO]:
    """Open a local or remote file for reading; StorageError if it is no longer what was listed."""
    with _opened(file) as opened:
        yield opened


@contextmanager
def filesystem(address: str) -> Iterator[Reader | None]:
    """Open the fsspec file system of a remote address for a reader that needs one (DuckDB); None for a local address.

    Such a reader raises errors of its own; a StorageError behind one is raised in its place.
    """
    fs, _ = with_retries(address, "read", lambda: open_store(address))
    reader = None if is_local(fs) else Reader(fs.protocol, info, read, _opened)
    try:
        yield reader
    except Exception:
        storage_error: StorageError | None = getattr(reader, "last_error", None)
        if storage_error is not None:
            raise storage_error from None
        raise


def _opened(file: FileInfo) -> BinaryIO:
    path = local_path(file.address)
    if path is not None:
        return with_retries(file.address, "read", lambda: path.open("rb"))
    current = info(file.address)
    if current is None or (current.size, current.version) != (file.size, file.version):
        raise changed_since_plan(file.address)
    fs, remote = open_store(file.address)
    if is_archive(fs) or not gives_ranges(fs, remote):
        return io.BytesIO(read(file.address))
    return ranges(fs, remote, file, READ_AHEAD)


def ranges(fs: Any, path: str, file: FileInfo, read_ahead: int) -> BinaryIO:
    """Return a remote file as a stream, whose reads are retried. read_ahead: bytes that a read fetches at least."""

    def fetch(start: int, end: int) -> bytes:
        return with_retries(file.address, "read", lambda: bytes(fs.cat_file(path, start=start, end=end)))

    return io.BufferedReader(Ranges(fetch, file.size), read_ahead)


def gives_ranges(fs: Any, path: str) -> bool:
    """Return whether a store answers requests for a part of a file. Not every web server does."""
    return not is_http(fs) or len(fs.cat_file(path, start=0, end=1)) == 1
