"""A file system for a program that reads through one (DuckDB): each of its reads is an operation of this package.

Reads are thus retried and checked as all others, in every store.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar

from fsspec import AbstractFileSystem

from job.errors import StorageError
from job.storage.address import FileInfo

T = TypeVar("T")
WHOLE = 1 << 23  # bytes; files up to this size are read whole, because only a whole file's checksum is known


class Reader(AbstractFileSystem):  # type: ignore[misc]
    """Files of a store, which must not change meanwhile. Paths are addresses.

    describe, read, stream: the operations on an address, or on a file as it was described. last_error: the last
    StorageError, which a program such as DuckDB turns into an error of its own.
    """

    cachable = False

    def __init__(
        self,
        protocol: str | tuple[str, ...],
        describe: Callable[[str], FileInfo | None],
        read: Callable[[str], bytes],
        stream: Callable[[FileInfo], BinaryIO],
    ) -> None:
        super().__init__()
        self.protocol = protocol
        self.last_error: StorageError | None = None
        self._describe, self._read, self._stream = describe, read, stream
        self._files: dict[str, FileInfo] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.rstrip("/")

    def info(self, path: str, **_options: Any) -> dict[str, Any]:
        """Return a file's size. It is looked up once: DuckDB asks many times."""
        path = self._strip_protocol(path)
        return {"name": path, "type": "file", "size": self._file(path).size}

    def ls(self, path: str, detail: bool = True, **_options: Any) -> list[Any]:
        """Return the file itself."""
        return [self.info(path) if detail else path]

    def modified(self, _path: str) -> datetime:
        """Return the same time for all files, because none changes."""
        return datetime.fromtimestamp(0, UTC)

    def _open(self, path: str, _mode: str = "rb", **_options: Any) -> BinaryIO:
        file = self._file(path)
        return self._kept(lambda: io.BytesIO(self._read(path)) if file.size <= WHOLE else self._stream(file))

    def _file(self, path: str) -> FileInfo:
        if path not in self._files:
            file = self._kept(lambda: self._describe(path))
            if file is None:
                raise FileNotFoundError(path)
            self._files[path] = file
        return self._files[path]

    def _kept(self, operation: Callable[[], T]) -> T:
        """Call an operation, and keep its error."""
        try:
            return operation()
        except StorageError as error:
            self.last_error = error
            raise
