"""Archives that are open. A zip archive in a store is read by ranges, where the store gives them.

Other archives that do not lie on this disk are copied to the cache once, and packed tar archives are unpacked there.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from job.errors import DataError
from job.storage.absence import none_if_missing
from job.storage.address import FileInfo
from job.storage.archives import ZIP, Archive, Open
from job.storage.cache import InputCache
from job.storage.retry import with_retries
from job.storage.stores import file_info, is_local, open_store
from job.storage.streams import gives_ranges, ranges
from job.study.addresses import split_archive

GZIPPED = (".tar.gz", ".tgz")
READ_AHEAD = 1 << 20  # most images are no larger
KEPT = 64
"""Archives whose lists are kept; others are listed anew."""


@dataclass
class _Mounted:
    """An archive, or why it cannot be listed. lock: held by the thread that opens it."""

    lock: Lock = field(default_factory=Lock)
    archive: Archive | DataError | None = None


_mounted: OrderedDict[FileInfo, _Mounted] = OrderedDict()
_lock = Lock()  # of the above


def mount(address: str) -> tuple[Archive, str]:
    """Return the archive of an address, and the path in it. Raise FileNotFoundError, or DataError if it is damaged."""
    in_archive = split_archive(address)
    if in_archive is None:
        raise ValueError(f"{address}: not in an archive")
    archive, path = in_archive
    fs, archive_path = open_store(archive)
    file = file_info(fs, archive, fs.info(archive_path))
    mounted = _slot(file)
    with mounted.lock:
        if mounted.archive is None:
            mounted.archive = _archive(file, fs, archive_path)
    if isinstance(mounted.archive, DataError):
        raise DataError(mounted.archive.reason, mounted.archive.detail)
    return mounted.archive, path


def fault_of_archive(address: str) -> str:
    """Return why the archive of an address cannot be listed; "" if it can, is missing, or the address is in none."""
    if split_archive(address):
        try:
            with_retries(address, "read", lambda: none_if_missing(lambda: mount(address)))
        except DataError as error:
            return error.detail
    return ""


def cache_folder() -> Path | None:
    """Return the folder of local copies; None if the environment names none and the user has no home."""
    named = os.environ.get("MEDSAM_JOB_CACHE")
    if named:
        return Path(named)
    try:
        return Path.home() / ".cache" / "medsam-job"
    except RuntimeError:
        return None


def forget_all() -> None:
    """Close all archives; they are listed anew when they are needed."""
    with _lock:
        _mounted.clear()


def _slot(file: FileInfo) -> _Mounted:
    with _lock:
        slot = _mounted.setdefault(file, _Mounted())
        _mounted.move_to_end(file)
        while len(_mounted) > KEPT:
            _mounted.popitem(last=False)
        return slot


def _archive(file: FileInfo, fs: Any, path: str) -> Archive | DataError:
    try:
        if file.refusal:
            raise DataError("unreadable", file.refusal)
        return Archive(file, _opener(file, fs, path))
    except DataError as error:
        return error


def _opener(file: FileInfo, fs: Any, path: str) -> Open:
    """Return a function that opens the bytes of an archive, unpacked if it is a packed tar archive."""
    cache = InputCache(cache_folder(), sys.maxsize)  # what a study keeps is bounded where its images are copied
    if file.address.lower().endswith(GZIPPED):
        return _kept(lambda: cache.unpacked(file))
    if is_local(fs):
        return lambda: Path(path).open("rb")
    if file.address.lower().endswith(ZIP) and not split_archive(file.address) and gives_ranges(fs, path):
        return lambda: ranges(fs, path, file, READ_AHEAD)
    return _kept(lambda: cache.local(file))


def _kept(copy: Callable[[], Path]) -> Open:
    """Return a function that opens a copy, and makes it anew if it was deleted for want of space."""
    path = copy()

    def opened() -> BinaryIO:
        try:
            return path.open("rb")
        except FileNotFoundError:
            return copy().open("rb")

    return opened
