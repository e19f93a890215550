"""A file of a store as a stream that can be positioned: each read asks the store for a part of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from job.errors import DataError
from job.storage.faults import MismatchError

MOST_AT_ONCE = 1 << 26
"""Bytes that a reader may ask for at a time. A header that claims more is damaged, or means to fill the memory."""


class AstrayError(OSError):
    """A header has led a reader out of its file. It is an OSError, as readers expect of a stream."""


class Ranges(io.RawIOBase):
    """A remote file of a known size. fetch: returns the bytes from a start to an end.

    Raise MismatchError if a store returns another number of bytes, as a web server that gives whole files alone.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        super().__init__()
        self._fetch, self._size, self._at = fetch, size, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, and return it."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return the number of bytes, 0 at the end."""
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        data = self._fetch(self._at, end)
        if len(data) != end - self._at:
            raise MismatchError(f"received {len(data)} of {end - self._at} bytes")
        buffer[: len(data)] = data
        self._at = end
        return len(data)


class Bounded:
    """A stream of which no reader takes more than `MOST_AT_ONCE` bytes at a time, nor any before its beginning.

    Raise DataError, or AstrayError, for a reader that wants it: a header has led it astray.
    """

    def __init__(self, stream: Any, size: int) -> None:
        self._stream, self._size = stream, size

    def read(self, length: int = -1) -> bytes:
        """Read some bytes, or all that follow."""
        left = self._size - self._stream.tell()
        if (left if length < 0 else min(length, left)) > MOST_AT_ONCE:
            raise DataError("unreadable", f"damaged: its header claims to be over {MOST_AT_ONCE >> 20} MiB long")
        data: bytes = self._stream.read(length)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._stream.tell(), io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise AstrayError("a header points before the beginning of the file")
        at: int = self._stream.seek(start + offset)
        return at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
