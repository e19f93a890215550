"""Operations on a file at any address."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from job.errors import StorageError
from job.storage import local, walk
from job.storage.absence import none_if_missing
from job.storage.address import FileInfo, join
from job.storage.faults import MismatchError
from job.storage.retry import with_retries
from job.storage.stores import file_info, is_http, is_local, is_s3, open_store

BLOCK = 1 << 20  # bytes to read at a time


def list_files(folder: str, pattern: str, *, dead_links: bool = False) -> list[FileInfo]:
    """Return the files below a folder that match a glob pattern, sorted by address; [] if there are none.

    folder: taken literally, because a name may hold `[` or `*`. pattern: `*`, `?` and `[…]` match within one name,
    `**` across folders. Links are followed, to files and to folders. dead_links: also list links that lead nowhere,
    even in the place of a folder.
    """

    def attempt() -> list[FileInfo]:
        fs, path = open_store(folder)
        if is_local(fs):
            entries = walk.matches(walk.local_entries, path, pattern)
            found = [_local_file(fs, folder, entry) for entry in entries if dead_links or not entry.dead_link]
            return sorted((file for file in found if file), key=lambda file: file.address)
        if is_http(fs):
            entries = walk.matches(
                lambda page: none_if_missing(lambda: walk.http_entries(fs, page)) or [], path, pattern
            )
            matches = {entry.path: fs.info(entry.path) for entry in entries}
        else:
            matches = fs.glob(f"{literal(path).rstrip('/')}/{pattern}", detail=True)
        return sorted(
            (
                file_info(fs, folder, _with_size(fs, details))
                for details in matches.values()
                if details.get("type") == "file"
            ),
            key=lambda file: file.address,
        )

    return with_retries(join(folder, pattern), "list", attempt)


def literal(text: str) -> str:
    """Return a glob pattern that matches a text literally."""
    return re.sub(r"([*?\[])", r"[\1]", text)


def info(address: str) -> FileInfo | None:
    """Return the description of one file; None if it does not exist."""

    def attempt() -> FileInfo | None:
        fs, path = open_store(address)
        details: dict[str, Any] | None = none_if_missing(lambda: fs.info(path))
        return file_info(fs, address, details) if details and details.get("type") == "file" else None

    return with_retries(address, "read", attempt)


def read(address: str) -> bytes:
    """Read a whole file."""
    return with_retries(address, "read", lambda: _content(*open_store(address)))


def read_if_there(address: str) -> bytes | None:
    """Read a whole file; None if it does not exist."""
    return with_retries(address, "read", lambda: none_if_missing(lambda: _content(*open_store(address))))


def read_head(address: str, length: int) -> bytes:
    """Read the first `length` bytes of a file, or all of a shorter one."""
    return with_retries(address, "read", lambda: _content(*open_store(address), length))


def write(address: str, data: bytes) -> None:
    """Write a whole file. A reader sees the old file or the new one, never a mixture."""

    def attempt() -> None:
        fs, path = open_store(address)
        if is_local(fs):
            local.write(Path(path), data, replace=True)
        else:
            fs.pipe_file(path, data)

    with_retries(address, "write", attempt)


def create(address: str, data: bytes) -> bool:
    """Write a whole file only if it does not exist; return whether the stored content is now `data`.

    The result is thus right if a response is lost: the first attempt wrote the file, and the second finds `data` in
    it. If two workers create the same content, both get True; if the contents differ, only the first does.
    """

    def attempt() -> bool:
        fs, path = open_store(address)
        try:
            if is_local(fs):
                local.write(Path(path), data, replace=False)
            else:
                fs.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        return True

    return with_retries(address, "write", attempt) or read(address) == data


def delete(address: str) -> None:
    """Delete one file; no error if it does not exist."""

    def attempt() -> None:
        fs, path = open_store(address)
        none_if_missing(lambda: fs.rm_file(path))

    with_retries(address, "delete", attempt)


def local_path(address: str) -> Path | None:
    """Return the path of a file on this machine's disk or in an installed package; None for a remote address."""
    fs, path = with_retries(address, "read", lambda: open_store(address))
    return Path(path) if is_local(fs) else None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a local file, in hexadecimal."""
    return with_retries(str(path), "read", lambda: local.sha256(path))


@contextmanager
def filesystem(address: str) -> Iterator[Any | None]:
    """Open the fsspec file system of a remote address for a reader that needs one (DuckDB); None for a local address.

    Such a reader raises errors of its own; a StorageError behind one is raised in its place.
    """
    fs, _ = with_retries(address, "read", lambda: open_store(address))
    reader = None if is_local(fs) else fs.reader() if is_s3(fs) else fs
    try:
        yield reader
    except Exception:
        storage_error: StorageError | None = getattr(reader, "last_error", None)
        if storage_error is not None:
            raise storage_error from None
        raise


def _local_file(fs: Any, folder: str, entry: walk.Entry) -> FileInfo | None:
    """Return the description of a listed file; None if it was deleted since."""
    try:
        status = Path(entry.path).stat(follow_symlinks=not entry.dead_link)
    except FileNotFoundError:
        return None
    if not (entry.dead_link or stat.S_ISREG(status.st_mode)):
        return None
    details = {"name": entry.path, "size": status.st_size, "mtime": status.st_mtime}
    return replace(file_info(fs, folder, details), dead_link=entry.dead_link)


def _with_size(fs: Any, details: dict[str, Any]) -> dict[str, Any]:
    """Return a listing's entry with its size, which some stores leave out of listings."""
    return details if details.get("size") is not None else {**details, **fs.info(details["name"])}


def _content(fs: Any, path: str, length: int | None = None) -> bytes:
    """Read a file or its first `length` bytes once; MismatchError if the store reports another size."""
    if is_s3(fs):
        return bytes(fs.content(path, length))
    data: bytes = fs.cat_file(path, end=length)[:length]
    size = fs.info(path).get("size")
    expected = len(data) if size is None else size if length is None else min(size, length)
    if len(data) != expected:
        raise MismatchError(f"received {len(data)} of {expected} bytes")
    return data
