"""The only module that knows fsspec: list, read, cache, checksum, atomic and create-only writes, at any address.

An address is a local path or a URL of any installed fsspec adapter (`s3://`, `https://`, `memory://`, …), or
`package://NAME/…` for a file that lies inside an installed Python package. S3 takes its endpoint from AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from job.errors import StorageError

BLOCK = 1 << 20
FETCHING = ".fetch-"  # starts the name of a copy that is not whole yet
VERSION_KEYS = ("ETag", "etag", "md5Hash", "Content-MD5", "Last-Modified", "LastModified", "mtime", "created")
"""Where fsspec's adapters tell what changes with a file's content, the surest first."""


@dataclass(frozen=True, kw_only=True)
class FileInfo:
    """A file as its store lists it. `version` changes with the content (an ETag, a time of change); "" if untold."""

    address: str
    size: int
    version: str


def join(folder: str, *names: str) -> str:
    """Put names below a folder's address."""
    return "/".join([folder.rstrip("/"), *names])


def public(address: str) -> str:
    """Write an address without user, password and query, for logs and manifests."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def list_files(pattern: str) -> list[FileInfo]:
    """List the files that match a glob pattern, sorted by address. Nothing there is an empty list, not an error."""
    with _explained(pattern, "list"):
        fs, path = _open(pattern)
        found = fs.glob(path, detail=True)
        return sorted(
            (_info(fs, pattern, details) for details in found.values() if details.get("type") == "file"),
            key=lambda info: info.address,
        )


def why_nothing_matches(pattern: str) -> str:
    """Say why a pattern lists nothing: its folder is missing, may not be read, or holds no such file."""
    folder = re.split(r"[*?\[{]", pattern, maxsplit=1)[0].rpartition("/")[0]
    if not folder or folder.endswith(":/"):
        return "no file matches this pattern"
    with _explained(folder, "list"):
        fs, path = _open(folder)
        try:
            fs.ls(path)
        except FileNotFoundError:
            return f"no file matches this pattern: there is no folder {public(folder)}"
    return "no file matches this pattern"


def info(address: str) -> FileInfo | None:
    """Describe one file; None where there is none."""
    with _explained(address, "read"):
        fs, path = _open(address)
        try:
            details = fs.info(path)
        except FileNotFoundError:
            return None
        return _info(fs, address, details) if details.get("type") == "file" else None


def read(address: str) -> bytes:
    """Read a whole file."""
    with _explained(address, "read"):
        fs, path = _open(address)
        data: bytes = fs.cat_file(path)
        return data


def read_head(address: str, length: int) -> bytes:
    """Read the first `length` bytes of a file, or all of a shorter one."""
    with _explained(address, "read"):
        fs, path = _open(address)
        head: bytes = fs.cat_file(path, start=0, end=length)
        return head


def write(address: str, data: bytes) -> None:
    """Write a whole file; a reader sees the old one or the new one, never a part."""
    with _explained(address, "write"):
        fs, path = _open(address)
        if isinstance(fs, LocalFileSystem):
            _write_local(Path(path), data, replace=True)
        else:
            fs.pipe_file(path, data)


def create(address: str, data: bytes) -> bool:
    """Write a whole file only if there is none; say whether it was written."""
    with _explained(address, "write"):
        fs, path = _open(address)
        try:
            if isinstance(fs, LocalFileSystem):
                _write_local(Path(path), data, replace=False)
            else:
                fs.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        except OSError as error:
            # SeaweedFS and Ceph name no condition when a create race is lost; s3fs then gives EINVAL.
            if error.errno == errno.EINVAL and fs.exists(path):
                return False
            raise
        return True


def delete(address: str) -> None:
    """Remove one file; one that is gone already is no error."""
    with _explained(address, "delete"):
        fs, path = _open(address)
        try:
            fs.rm_file(path)
        except FileNotFoundError:
            return


def local_path(address: str) -> Path | None:
    """Give the path of a file on this machine's disk or in an installed package; None for a remote address."""
    with _explained(address, "read"):
        fs, path = _open(address)
        return Path(path) if isinstance(fs, LocalFileSystem) else None


def sha256(path: Path) -> str:
    """Hash a local file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remote_filesystem(address: str) -> Any | None:
    """Give the fsspec file system of a remote address, for a reader that takes one (DuckDB); None for a local one."""
    fs, _ = _open(address)
    return None if isinstance(fs, LocalFileSystem) else fs


@dataclass(frozen=True)
class InputCache:
    """Local copies of remote inputs, by address and version, the least recently used dropped beyond `max_bytes`."""

    folder: Path
    max_bytes: int

    def local(self, file: FileInfo) -> Path:
        """Give a local path with the content of `file`, fetched if need be; StorageError if it does not come whole."""
        own = local_path(file.address)
        if own is not None:
            return own
        name = hashlib.sha256(f"{file.address}\n{file.version}\n{file.size}".encode()).hexdigest()[:32]
        copy = self.folder / (name + "".join(Path(urlsplit(file.address).path).suffixes[-2:]))
        if not file.version or not copy.exists() or copy.stat().st_size != file.size:
            self._fetch(file, copy)
            self._make_room(keep=copy)
        os.utime(copy)
        return copy

    def content_key(self, file: FileInfo) -> str:
        """Name a file's content: its size with the store's version, or with its sha256 if local or of no version."""
        if file.version and local_path(file.address) is None:
            return f"{file.size}-{file.version}"
        return f"{file.size}-{sha256(self.local(file))}"

    def _fetch(self, file: FileInfo, copy: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with _explained(file.address, "read"):
            fs, path = _open(file.address)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=FETCHING, delete=False) as part:
                try:
                    with fs.open(path, "rb") as remote:
                        while block := remote.read(BLOCK):
                            part.write(block)
                    part.flush()
                    if part.tell() != file.size:
                        raise StorageError(
                            f"{public(file.address)}: came incomplete, {part.tell()} of {file.size} bytes; try again"
                        )
                    Path(part.name).replace(copy)
                finally:
                    Path(part.name).unlink(missing_ok=True)

    def _make_room(self, keep: Path) -> None:
        total, copies = keep.stat().st_size, []
        for path in self.folder.iterdir():
            if path != keep and not path.name.startswith(FETCHING):
                with suppress(FileNotFoundError):  # another worker dropped it
                    copies.append((path.stat().st_mtime, path.stat().st_size, path))
        total += sum(size for _, size, _ in copies)
        for _, size, path in sorted(copies):
            if total <= self.max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


def _open(address: str) -> tuple[Any, str]:
    """Give the file system of an address, and the path in its own terms."""
    if address.startswith("package://"):
        return LocalFileSystem(), str(_in_package(address))
    options = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"]} if _own_endpoint(address) else {}
    fs, path = fsspec.core.url_to_fs(address, **options)
    return fs, path


def _own_endpoint(address: str) -> bool:
    return address.startswith(("s3://", "s3a://")) and bool(os.environ.get("AWS_ENDPOINT_URL"))


def _in_package(address: str) -> Path:
    package, _, name = address.removeprefix("package://").partition("/")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise StorageError(f"{address}: no Python package {package!r} is installed here; pip install it")
    root = Path(spec.submodule_search_locations[0]).resolve()
    path = Path(os.path.normpath(root / name))
    if not path.is_relative_to(root):
        raise StorageError(f"{address}: leads out of the package {package!r}")
    return path


def _info(fs: Any, asked: str, details: dict[str, Any]) -> FileInfo:
    version = next((details[key] for key in VERSION_KEYS if details.get(key)), "")
    if asked.startswith("package://"):
        package = asked.removeprefix("package://").partition("/")[0]
        address = f"package://{package}/{Path(details['name']).relative_to(_in_package(f'package://{package}/'))}"
    else:
        address = details["name"] if isinstance(fs, LocalFileSystem) else fs.unstrip_protocol(details["name"])
    return FileInfo(address=address, size=int(details.get("size") or 0), version=str(version).strip('"'))


def _write_local(path: Path, data: bytes, *, replace: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as part:
        try:
            part.write(data)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).chmod(0o644)
            if replace:
                Path(part.name).replace(path)
            else:
                os.link(part.name, path)  # fails where the name is taken, unlike a rename
        finally:
            Path(part.name).unlink(missing_ok=True)


@contextmanager
def _explained(address: str, action: str) -> Iterator[None]:
    """Turn what a store throws into a StorageError that a user understands."""
    shown = public(address)
    try:
        yield
    except StorageError:
        raise
    except FileNotFoundError as error:
        raise StorageError(f"{shown}: cannot {action}: nothing is there ({error})") from None
    except PermissionError as error:
        raise StorageError(f"{shown}: cannot {action}: access denied ({error})") from None
    except ImportError as error:
        raise StorageError(f"{shown}: cannot {action}: {error}") from None
    except Exception as error:  # every adapter throws its own kinds (botocore, aiohttp, …)
        if type(error).__name__ in ("KeyboardInterrupt", "MemoryError"):
            raise
        raise StorageError(f"{shown}: cannot {action}: {type(error).__name__}: {error}") from error
