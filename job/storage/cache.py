"""Local copies of remote inputs, each with its hash beside it: one that was cut short or altered is fetched again."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from job.storage import local
from job.storage.address import FileInfo
from job.storage.faults import MismatchError, changed, failure
from job.storage.files import BLOCK, local_path, sha256
from job.storage.retry import persistently
from job.storage.stores import described, is_s3, open_store

FETCHING = ".fetch-"  # starts the name of a copy that is not whole yet
COPY = re.compile(r"[0-9a-f]{32}(\..*)?")  # the name of a copy; a folder may hold other files, which are not ours
ABANDONED_S = 86400.0  # after which a copy that is not whole has lost its worker
HASH = ".sha256"  # ends the name of the file that holds a copy's hash
DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}


@dataclass(frozen=True)
class InputCache:
    """Local copies of remote inputs, by address and version, the least recently used dropped beyond `max_bytes`.

    keys: by address, the content keys under which a plan evaluates its files; none of another content is given.
    """

    folder: Path
    max_bytes: int
    keys: Mapping[str, str] = field(default_factory=dict)

    def local(self, file: FileInfo) -> Path:
        """Give a local path with the content of `file`, fetched if need be; StorageError if it is not to be had."""
        own = local_path(file.address)
        if own is not None:
            persistently(file.address, "read", lambda: self._check_own(file, own))
            return own
        name = hashlib.sha256(f"{file.address}\n{file.version}\n{file.size}".encode()).hexdigest()[:32]
        copy = self.folder / (name + "".join(Path(urlsplit(file.address).path).suffixes[-2:]))
        if not file.version or not _is_sound(copy):
            persistently(file.address, "read", lambda: self._fetch(file, copy))
            with self._disk_explained(PermissionError):
                self._make_room(keep=copy)
        with suppress(FileNotFoundError):  # another worker dropped it; who reads it says so
            os.utime(copy)
        return copy

    def content_key(self, file: FileInfo) -> str:
        """Name a file's content: its size with the store's version, or with its sha256 if local or of no version."""
        if file.version and local_path(file.address) is None:
            return f"{file.size}-{file.version}"
        return f"{file.size}-{sha256(self.local(file))}"

    def _check_own(self, file: FileInfo, path: Path) -> None:
        """Look at size and time; only a file that was touched, or is a copy on another machine, is hashed."""
        found = path.stat()
        if found.st_size != file.size:
            raise changed(file.address)
        if str(found.st_mtime) != file.version and file.address in self.keys:
            self._check_hash(file, local.sha256(path))

    def _check_hash(self, file: FileInfo, sha: str) -> None:
        if self.keys.get(file.address, f"{file.size}-{sha}") != f"{file.size}-{sha}":
            raise changed(file.address)

    def _fetch(self, file: FileInfo, copy: Path) -> None:
        fs, path = open_store(file.address)
        with self._disk_explained(PermissionError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=FETCHING)
        part, digest = Path(name), hashlib.sha256()
        try:
            with self._disk_explained():
                with os.fdopen(handle, "wb") as kept:
                    for block in _blocks(fs, path, file):
                        digest.update(block)
                        kept.write(block)
                if part.stat().st_size != file.size:
                    raise MismatchError(f"{part.stat().st_size} of {file.size} bytes came")
                if not file.version:
                    self._check_hash(file, digest.hexdigest())
                part.replace(copy)
                _hash_file(copy).write_text(digest.hexdigest())
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _disk_explained(self, *more: type[OSError]) -> Iterator[None]:
        """Name this folder in errors of its disk, for the store has no part in them."""
        try:
            yield
        except OSError as error:
            if error.errno not in DISK_FAULTS and not isinstance(error, more):
                raise
            action = "keep copies of inputs (MEDSAM_JOB_CACHE, execution.cache_gb)"
            raise failure(error, str(self.folder), action) from None

    def _make_room(self, keep: Path) -> None:
        """Drop what no worker will finish, and the oldest copies beyond the bound; nothing that is not ours."""
        copies = []
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another worker dropped it
                if path.name.startswith(FETCHING) and time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()
                elif COPY.fullmatch(path.name) and path.suffix != HASH:
                    copies.append((path.stat().st_mtime, path.stat().st_size, path))
        total = sum(size for _, size, _ in copies)
        for _, size, path in sorted(copies):
            if total <= self.max_bytes:
                return
            if path != keep:
                path.unlink(missing_ok=True)
                _hash_file(path).unlink(missing_ok=True)
                total -= size


def _blocks(fs: Any, path: str, file: FileInfo) -> Iterator[bytes]:
    """Read a file in blocks; StorageError, at the end at the latest, if it is not the one that `file` describes."""
    if is_s3(fs):
        yield from fs.blocks(path, file.size, file.version)
        return
    with fs.open(path, "rb") as remote:
        while block := remote.read(BLOCK):
            yield block
    now = described(fs, file.address, fs.info(path))
    if now.size != file.size or (file.version and now.version != file.version):
        raise changed(file.address)


def _hash_file(copy: Path) -> Path:
    return copy.with_name(copy.name + HASH)


def _is_sound(copy: Path) -> bool:
    try:
        return local.sha256(copy).encode() == _hash_file(copy).read_bytes()
    except OSError:
        return False
