"""Files on a local disk, written so that a reader sees all of one or nothing."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

from job.errors import StoreRefusedError

WRITING = ".writing-"  # starts the name of a file that is not whole yet
NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK}


def write(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a whole file; unless it may be replaced, FileExistsError where there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=WRITING, delete=False) as part:
        try:
            part.write(data)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).chmod(0o644)
            if replace:
                Path(part.name).replace(path)
            else:
                _link(Path(part.name), path)
        finally:
            Path(part.name).unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _link(part: Path, path: Path) -> None:
    """Give a file its name, which fails where the name is taken, unlike a rename."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        raise StoreRefusedError(
            f"{path}: cannot write: this file system has no hard links ({error.strerror}), by which a file is written "
            "only where there is none; choose another place"
        ) from None
