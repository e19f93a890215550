"""What can be done with a file at any address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from job.errors import StorageError
from job.storage import local
from job.storage.address import FileInfo, join, public
from job.storage.faults import Kind, MismatchError, judge
from job.storage.retry import persistently
from job.storage.stores import described, is_local, is_s3, open_store

BLOCK = 1 << 20

T = TypeVar("T")


def list_files(folder: str, pattern: str) -> list[FileInfo]:
    """List the files below a folder that match a glob pattern, sorted by address; no error if there are none.

    folder: taken as it is written, for a name may hold `[` or `*`. pattern: `*`, `?` and `[…]` within one name, `**`
    over folders.
    """

    def listed() -> list[FileInfo]:
        fs, path = open_store(folder)
        found = fs.glob(f"{literal(path).rstrip('/')}/{pattern}", detail=True)
        return sorted(
            (described(fs, folder, _sized(fs, details)) for details in found.values() if _is_file(details)),
            key=lambda info: info.address,
        )

    return persistently(join(folder, pattern), "list", listed)


def literal(text: str) -> str:
    """Bracket what a glob would take as special."""
    return re.sub(r"([*?\[])", r"[\1]", text)


def why_nothing_matches(folder: str) -> str:
    """Say why nothing is listed below a folder: it is missing, may not be read, or holds no such file."""
    if not folder or folder.endswith(":/"):  # the working folder; a store without a bucket
        return "no file matches this pattern"

    def is_there() -> bool:
        fs, path = open_store(folder)
        return _unless_gone(lambda: fs.ls(path)) is not None

    if persistently(folder, "list", is_there):
        return "no file matches this pattern"
    return f"no file matches this pattern: there is no folder {public(folder)}"


def info(address: str) -> FileInfo | None:
    """Describe one file; None where there is none."""

    def looked_at() -> FileInfo | None:
        fs, path = open_store(address)
        details: dict[str, Any] | None = _unless_gone(lambda: fs.info(path))
        return described(fs, address, details) if details and details.get("type") == "file" else None

    return persistently(address, "read", looked_at)


def read(address: str) -> bytes:
    """Read a whole file."""
    return persistently(address, "read", lambda: _content(*open_store(address)))


def read_head(address: str, length: int) -> bytes:
    """Read the first `length` bytes of a file, or all of a shorter one."""
    return persistently(address, "read", lambda: _content(*open_store(address), length))


def write(address: str, data: bytes) -> None:
    """Write a whole file; a reader sees the old one or the new one, never a part."""

    def written() -> None:
        fs, path = open_store(address)
        if is_local(fs):
            local.write(Path(path), data, replace=True)
        else:
            fs.pipe_file(path, data)

    persistently(address, "write", written)


def create(address: str, data: bytes) -> bool:
    """Write a whole file only if there is none; say whether what lies there now is what was given.

    So a lost answer is no matter: where the first attempt did write, and the second finds the file there, it is this
    content, and True. Two workers who create the same content both get True; of different ones, the first alone.
    """

    def created() -> bool:
        fs, path = open_store(address)
        try:
            if is_local(fs):
                local.write(Path(path), data, replace=False)
            else:
                fs.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        return True

    return persistently(address, "write", created) or read(address) == data


def delete(address: str) -> None:
    """Remove one file; one that is gone already is no error."""

    def deleted() -> None:
        fs, path = open_store(address)
        _unless_gone(lambda: fs.rm_file(path))

    persistently(address, "delete", deleted)


def local_path(address: str) -> Path | None:
    """Give the path of a file on this machine's disk or in an installed package; None for a remote address."""
    fs, path = persistently(address, "read", lambda: open_store(address))
    return Path(path) if is_local(fs) else None


def sha256(path: Path) -> str:
    """Hash a local file."""
    return persistently(str(path), "read", lambda: local.sha256(path))


@contextmanager
def filesystem(address: str) -> Iterator[Any | None]:
    """Have the fsspec file system of a remote address, for a reader that takes one (DuckDB); None for a local one.

    What such a reader makes of a StorageError is replaced by that.
    """
    fs, _ = persistently(address, "read", lambda: open_store(address))
    reader = None if is_local(fs) else fs.reader() if is_s3(fs) else fs
    try:
        yield reader
    except Exception:
        fault: StorageError | None = getattr(reader, "fault", None)
        if fault is not None:
            raise fault from None
        raise


def _is_file(details: dict[str, Any]) -> bool:
    """Whether a listing names a file; a link to one is listed as something else."""
    return details.get("type") == "file" or (bool(details.get("islink")) and Path(details["name"]).is_file())


def _sized(fs: Any, details: dict[str, Any]) -> dict[str, Any]:
    """Ask again for what a listing did not tell, as those of HTTP servers do not."""
    return details if details.get("size") is not None else {**details, **fs.info(details["name"])}


def _content(fs: Any, path: str, length: int | None = None) -> bytes:
    """Read a file, or its first bytes, once; MismatchError where they are not as many as the store says."""
    if is_s3(fs):
        return bytes(fs.content(path, length))
    data: bytes = fs.cat_file(path, end=length)[:length]
    size = fs.info(path).get("size")
    expected = len(data) if size is None else size if length is None else min(size, length)
    if len(data) != expected:
        raise MismatchError(f"{len(data)} of {expected} bytes came")
    return data


def _unless_gone(do: Callable[[], T]) -> T | None:
    """Do it; None where nothing is there. An adapter may say that of any error, and name the true one as its cause."""
    try:
        return do()
    except FileNotFoundError as error:
        if judge(error).kind is not Kind.GONE:
            raise
        return None
