"""Files on a local disk, written so that a reader sees a whole file or none."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

from job.errors import StoreRefusedError

WRITING = ".writing-"  # prefix of a file that is still being written
NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK}


def write(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a whole file. With `replace` False, raise FileExistsError if the file exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=WRITING, delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            if replace:
                temporary.replace(path)
            else:
                _link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _link(temporary: Path, path: Path) -> None:
    """Add a second name to a file. Unlike a rename, this fails if the name is taken."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        raise StoreRefusedError(
            f"{path}: cannot write: this file system has no hard links ({error.strerror}), which are needed to create "
            "a file without overwriting another; choose another location"
        ) from None
