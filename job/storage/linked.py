"""A folder of remote files, as a local folder in which each has its own name: links to the cache's copies."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from job.storage.address import FileInfo
from job.storage.cache import InputCache
from job.storage.files import local_path

LINKED = "folder-"


def linked_folder(files: Sequence[FileInfo], cache: InputCache) -> Path:
    """Return a local folder with these files of one folder, fetched if needed; StorageError if one is not available.

    That of local files is their own.
    """
    own = local_path(files[0].address)
    if own is not None:
        return own.parent
    copies = {file.address.rpartition("/")[2]: str(cache.local(file).absolute()) for file in files}
    folder = next(iter(copies.values())).rpartition("/")[0]
    name = LINKED + hashlib.sha256(json.dumps(copies, sort_keys=True).encode()).hexdigest()[:32]
    target = Path(folder, name)
    if not target.is_dir():
        _make(target, copies)
    return target


def _make(target: Path, copies: dict[str, str]) -> None:
    """Make the folder whole or not at all: another worker may make it at the same time."""
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f"{LINKED}new-"))
    try:
        for name, copy in copies.items():
            (temporary / name).symlink_to(copy)
        with suppress(OSError):  # it has been made since
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
