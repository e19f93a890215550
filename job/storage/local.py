"""Files on a local disk, written so that a reader sees a whole file or none."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

WRITING = ".writing-"  # prefix of a file that is still being written
SETTLED_S = 5.0
"""Age of a file's last change after which another change has another time, also where a file system counts seconds."""


def write(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a whole file. With `replace` False, raise FileExistsError if the file exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=WRITING, delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            with suppress(OSError):  # a file system without permissions
                temporary.chmod(0o644)
            if replace:
                temporary.replace(path)
            else:
                _name(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, which is read again only if it may have been written since this process read it."""
    status = path.stat()
    if time.time() - status.st_ctime < SETTLED_S:
        return sha256(path)
    return _sha256_of(path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=256)
def _sha256_of(path: Path, state: tuple[int, ...]) -> str:
    return sha256(path)


def _name(temporary: Path, path: Path) -> None:
    """Link a file to a name. Raise FileExistsError if it is taken, where a rename would overwrite the other file."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links, which each file system reports in its own way
        _claim(temporary, path)


def _claim(temporary: Path, path: Path) -> None:
    """Take a name with an empty file, then put the file in its place. A reader may see the empty one for an instant."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    try:
        temporary.replace(path)
    except OSError:
        path.unlink()
        raise
