"""Local copies of remote inputs. Each has its hash beside it; a truncated or altered copy is fetched again."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import posixpath
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from job.errors import StoreRefusedError
from job.storage import local
from job.storage.address import FileInfo
from job.storage.copying import ending, fetch, sha256_of, unzipped, write_blocks
from job.storage.faults import MismatchError, changed_since_plan, storage_error
from job.storage.files import info, local_path, sha256
from job.storage.retry import with_retries
from job.study.addresses import file_of

FETCHING = ".fetch-"  # prefix of a copy that is still being fetched
COPY = re.compile(r"[0-9a-f]{32}(\..*)?")  # the name of a copy; the folder may hold other files, which are kept
ABANDONED_S = 86400.0  # age at which an unfinished copy counts as left by a dead worker
HASH = ".sha256"  # suffix of the file that holds a copy's hash
DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}


@dataclass
class _Room:
    """Bytes that may still be added before the folder is looked through again."""

    left: int = 0


@dataclass(frozen=True)
class InputCache:
    """Local copies of remote inputs, by address and version.

    folder: None if there is no place for copies; a remote input is refused then. max_bytes: beyond this total the least
    recently used copies are deleted. keys: the planned content key of each address; a file with another content is
    refused.
    """

    folder: Path | None
    max_bytes: int
    keys: Mapping[str, str] = field(default_factory=dict)
    room: _Room = field(default_factory=_Room, repr=False, compare=False)

    def local(self, file: FileInfo) -> Path:
        """Return a local path with the content of `file`, fetched if needed; StorageError if it is not available."""
        path = local_path(file.address)
        if path is not None:
            with_retries(file.address, "read", lambda: self._check_local(file, path))
            return path
        name = hashlib.sha256(f"{file.address}\n{file.version}\n{file.size}".encode()).hexdigest()[:32]
        return self._kept(file, name + ending(file.address), lambda copy: self._fetch(file, copy))

    def unpacked(self, file: FileInfo) -> Path:
        """Return a local path with what a gzip file holds; DataError if it is damaged, or unpacks beyond all bounds."""
        name = hashlib.sha256(f"{file.address}\n{file.version}\n{file.size}\nunpacked".encode()).hexdigest()[:32]
        return self._kept(
            file,
            f"{name}.tar",
            lambda copy: self._keep(copy, lambda target: write_blocks(unzipped(self.local(file), file.size), target)),
        )

    def _kept(self, file: FileInfo, name: str, make: Callable[[Path], None]) -> Path:
        """Return the path of a copy, made if it is not there or not intact."""
        copy = self._place / name
        if not file.version or not _is_intact(copy):
            with_retries(file.address, "read", lambda: make(copy))
            with self._disk_errors(PermissionError):
                self._make_room(copy)
        with suppress(FileNotFoundError):  # another worker deleted it; the caller's read will fail
            os.utime(copy)
        return copy

    def local_file(self, file: FileInfo) -> FileInfo:
        """Return a file, and its members, with local addresses; fetched if needed. A folder keeps its own.

        Each member has its name as `inside`, because the name of a local copy says nothing.
        """
        address = file.address if file.address.endswith("/") else str(self.local(replace(file, members=())))
        members = tuple(
            replace(each, address=str(self.local(each)), inside=each.inside or each.address.rpartition("/")[2])
            for each in file.members
        )
        planned = self.keys.get(file.place)
        if members and planned and any(map(_differs, file.members)) and self.content_key(file) != planned:
            raise changed_since_plan(file.address)
        return replace(file, address=address, members=members)

    def content_key(self, file: FileInfo) -> str:
        """Return the key of a file's content: SIZE-VERSION, or SIZE-SHA256 if it is local, itself or in an archive,
        or has no version.

        With members, it is SIZE-SHA256 of the names and keys of all files.
        """
        if file.members:
            keys = {each.inside or posixpath.basename(each.address): self.content_key(each) for each in file.files}
            digest = hashlib.sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()
            return f"{sum(each.size for each in file.files)}-{digest}"
        if file.version and local_path(file_of(file.address)) is None:
            return f"{file.size}-{file.version}"
        in_archive = file_of(file.address) != file.address and local_path(file_of(file.address))
        return f"{file.size}-{sha256_of(file) if in_archive else sha256(self.local(file))}"

    @property
    def _place(self) -> Path:
        if self.folder is None:
            raise StoreRefusedError("this user has no home folder for copies of inputs: set MEDSAM_JOB_CACHE")
        return self.folder

    def _check_local(self, file: FileInfo, path: Path) -> None:
        """Compare size and modification time with the plan; hash the file only if the time differs.

        It does if the file was touched, or if another machine has a copy.
        """
        status = path.stat()
        if status.st_size != file.size:
            raise changed_since_plan(file.address)
        if str(status.st_mtime) != file.version and file.address in self.keys:
            self._check_hash(file, local.sha256(path))

    def _check_hash(self, file: FileInfo, sha: str) -> None:
        if self.keys.get(file.address, f"{file.size}-{sha}") != f"{file.size}-{sha}":
            raise changed_since_plan(file.address)

    def _fetch(self, file: FileInfo, copy: Path) -> None:
        def check(received: int, sha: str) -> None:
            if received != file.size:
                raise MismatchError(f"received {received} of {file.size} bytes")
            if not file.version or local_path(file_of(file.address)):
                self._check_hash(file, sha)

        self._keep(copy, lambda target: fetch(file, target), check)

    def _keep(
        self, copy: Path, write: Callable[[Path], None], check: Callable[[int, str], None] = lambda received, sha: None
    ) -> None:
        """Make a copy and its hash. write: writes its content. check: is given its length and hash before it counts."""
        with self._disk_errors(PermissionError):
            self._place.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._place, prefix=FETCHING)
        os.close(handle)
        temporary = Path(name)
        try:
            with self._disk_errors():
                write(temporary)
                sha = local.sha256(temporary)
                check(temporary.stat().st_size, sha)
                temporary.replace(copy)
                _hash_file(copy).write_text(sha)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _disk_errors(self, *more: type[OSError]) -> Iterator[None]:
        """Raise errors of the cache's own disk, and those of the types `more`, with the name of the cache's folder."""
        try:
            yield
        except OSError as error:
            if error.errno not in DISK_FAULTS and not isinstance(error, more):
                raise
            action = "keep copies of inputs (MEDSAM_JOB_CACHE, execution.cache_gb)"
            raise storage_error(error, str(self._place), action) from None

    def _make_room(self, copy: Path) -> None:
        """Look for what to delete, unless there was enough room for this copy: the folder may hold many thousands."""
        self.room.left -= copy.stat().st_size
        if self.room.left < 0:
            self.room.left = (self.max_bytes - self._evict(keep=copy)) // 2  # the other half is for other workers

    def _evict(self, keep: Path) -> int:
        """Delete abandoned copies, then the least recently used beyond `max_bytes`; never other files.

        Return the bytes that are left.
        """
        copies = []
        for path in self._place.iterdir():
            with suppress(FileNotFoundError):  # another worker deleted it
                if path.name.startswith(FETCHING) and time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()
                elif COPY.fullmatch(path.name) and path.suffix != HASH:
                    copies.append((path.stat().st_mtime, path.stat().st_size, path))
        total = sum(size for _, size, _ in copies)
        for _, size, path in sorted(copies):
            if total <= self.max_bytes:
                break
            if path != keep:
                path.unlink(missing_ok=True)
                _hash_file(path).unlink(missing_ok=True)
                total -= size
        return total


def _differs(file: FileInfo) -> bool:
    """Return whether a local file, or its archive, has another modification time than when it was planned."""
    if file_of(file.address) != file.address:
        current = info(file.address) if local_path(file_of(file.address)) else file
        return current is None or current.version != file.version
    path = local_path(file.address)
    return path is not None and str(path.stat().st_mtime) != file.version


def _hash_file(copy: Path) -> Path:
    return copy.with_name(copy.name + HASH)


def _is_intact(copy: Path) -> bool:
    try:
        return local.sha256(copy).encode() == _hash_file(copy).read_bytes()
    except OSError:
        return False
