"""A folder of entries that can be made again, at any address, bounded in size, with any number of readers and writers.

It is looked through once, when it is opened. Once it is full, nothing is added. Nothing is evicted meanwhile: a study
goes through its images in order, so the least recently used entry is the next that would be needed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from job.errors import StorageError
from job.storage.address import FileInfo, join
from job.storage.files import create, delete, local_path, read_if_there, write
from job.storage.listing import list_files
from job.storage.local import WRITING

NAME = r"[0-9a-f]{64}"
"""The form of a name. Files of other names in the folder are kept and do not count."""
ABANDONED_S = 86400.0  # age at which a file that is still being written counts as left by a dead worker


class BoundedFolder:
    """Entries below an address, of up to `max_bytes` together.

    writers: the number of workers that add to it at the same time; each may add its share of the space that it finds.
    What more workers than that add beyond the bound, the next one deletes when it opens the folder.
    """

    def __init__(self, address: str, suffix: str, max_bytes: int, writers: int = 1) -> None:
        self._address, self._suffix = address, suffix
        entry = re.compile(NAME + re.escape(suffix))
        files = [file for file in list_files(address, f"*{suffix}") if entry.fullmatch(_short(file))]
        kept = _trimmed(files, max_bytes)
        self._sizes = {_short(file).removesuffix(suffix): file.size for file in kept}
        self._left = max(0, max_bytes - sum(self._sizes.values())) // writers
        self._lock = Lock()  # of the two above; never held while the store is asked
        _delete_abandoned(address)

    def has(self, name: str) -> bool:
        """Return whether an entry was there, or was added by this process."""
        return name in self._sizes

    def read(self, name: str) -> bytes | None:
        """Read an entry; None if it is no longer there."""
        return read_if_there(self._file(name))

    def add(self, name: str, data: bytes) -> bool:
        """Add an entry unless it exists; return False, and write nothing, if there is no space for it."""
        if not self._take(name, len(data)):
            return False
        create(self._file(name), data)
        return True

    def replace(self, name: str, data: bytes) -> bool:
        """Write an entry in place of a damaged one; return False, and write nothing, if there is no space for it."""
        if not self._take(name, len(data)):
            return False
        write(self._file(name), data)
        return True

    def _take(self, name: str, size: int) -> bool:
        with self._lock:
            needed = size - self._sizes.get(name, 0)
            if needed > self._left:
                return False
            self._left -= needed
            self._sizes[name] = size
        return True

    def _file(self, name: str) -> str:
        return join(self._address, name + self._suffix)


def _trimmed(files: Iterable[FileInfo], max_bytes: int) -> list[FileInfo]:
    """Delete what is beyond the bound, by the order of names, which is the same for all workers; return the rest."""
    kept, total = [], 0
    for file in sorted(files, key=_short):
        total += file.size
        if total <= max_bytes:
            kept.append(file)
        else:
            with suppress(StorageError):  # a role may be allowed to write but not to delete
                delete(file.address)
    return kept


def _delete_abandoned(address: str) -> None:
    """Delete what killed workers left half written. Only a local disk has such files, by the time of their change."""
    if local_path(address) is None:
        return
    for file in list_files(address, f"{WRITING}*"):
        if time.time() - float(file.version) > ABANDONED_S:
            with suppress(StorageError):
                delete(file.address)


def _short(file: FileInfo) -> str:
    return Path(file.address).name
