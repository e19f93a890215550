"""Operations on a file at any address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from job.storage import local
from job.storage.absence import none_if_missing
from job.storage.address import FileInfo
from job.storage.checks import check
from job.storage.faults import MismatchError, is_taken
from job.storage.retry import with_retries
from job.storage.stores import file_info, is_local, is_s3, open_store
from job.study.addresses import file_of

BLOCK = 1 << 20  # bytes to read at a time


def info(address: str) -> FileInfo | None:
    """Return the description of one file; None if it does not exist."""

    def attempt() -> FileInfo | None:
        described = none_if_missing(lambda: _described(address))  # an archive may be missing, too
        return file_info(*described) if described and described[2].get("type") == "file" else None

    return with_retries(address, "read", attempt)


def read(address: str) -> bytes:
    """Read a whole file."""
    return with_retries(address, "read", lambda: _content(*open_store(address)))


def read_if_there(address: str) -> bytes | None:
    """Read a whole file; None if it does not exist."""
    return with_retries(address, "read", lambda: none_if_missing(lambda: _content(*open_store(address))))


def read_head(address: str, length: int) -> bytes:
    """Read the first `length` bytes of a file, or all of a shorter one."""
    return with_retries(address, "read", lambda: _head(*open_store(address), length))


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
        except OSError as error:
            if is_taken(error):
                return False
            raise
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
    if file_of(address) != address:
        return None
    fs, path = with_retries(address, "read", lambda: open_store(address))
    return Path(path) if is_local(fs) else None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a local file, in hexadecimal."""
    return with_retries(str(path), "read", lambda: local.sha256(path))


def remembered_sha256(path: Path) -> str:
    """Return the SHA-256 of a local file as `sha256`, which a process reads once while nobody writes it."""
    return with_retries(str(path), "read", lambda: local.remembered_sha256(path))


def _described(address: str) -> tuple[Any, str, dict[str, Any]]:
    fs, path = open_store(address)
    return fs, address, fs.info(path)


def _content(fs: Any, path: str) -> bytes:
    """Read a whole file once; MismatchError if it is not what the store reports."""
    data: bytes = fs.cat_file(path)
    if not is_s3(fs):  # botocore has compared it
        check(data, fs.info(path))
    return data


def _head(fs: Any, path: str, length: int) -> bytes:
    """Read the beginning of a file once. A shorter file is read whole, so that it can be checked."""
    size = fs.info(path).get("size")
    if size is not None and size <= length:
        return _content(fs, path)
    data: bytes = fs.cat_file(path, end=length)[:length]
    if size is not None and len(data) != length:
        raise MismatchError(f"received {len(data)} of {length} bytes")
    return data
