"""Addresses as text: join them, hide the secrets in them, resolve `package://`."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from job.errors import StorageError
from job.study.addresses import normal, split_archive

PACKAGE = "package://"


@dataclass(frozen=True, kw_only=True)
class FileInfo:
    """A file as its store lists it.

    version: changes with the content (an ETag, a modification time); "" if the store reports none. refusal: why a file
    in an archive, or an archive, cannot be used; else "". dead_link: the target of a link that leads nowhere, else "".
    members: further files that belong to this one, sorted by address:
    those of a folder that is one image, such as a DICOM series, and whose address ends in a slash; or those in which a
    header says that its values lie. inside: which of the things that the file holds is meant, such as an array's name;
    "" if that is not stated; of a member, its name in the folder if that has folders.
    """

    address: str
    size: int
    version: str
    dead_link: str = ""
    members: tuple[FileInfo, ...] = ()
    inside: str = ""
    refusal: str = ""

    @property
    def place(self) -> str:
        """The address, with what is meant of a folder: several images or masks may lie in one."""
        return f"{self.address}#{self.inside}" if self.address.endswith("/") and self.inside else self.address

    @property
    def files(self) -> tuple[FileInfo, ...]:
        """The files with content: the members, and the file itself unless it is a folder."""
        return self.members if self.address.endswith("/") else (replace(self, members=(), inside=""), *self.members)


def join(folder: str, *names: str) -> str:
    """Return the address of names below a folder, with one slash between them."""
    return normal("/".join([folder.rstrip("/"), *names]))


def absolute(address: str) -> str:
    """Return an address that means the same from any folder."""
    if "://" in address:
        return address
    if in_archive := split_archive(address):
        return f"{absolute(in_archive[0])}#/{in_archive[1]}"
    return os.path.normpath(Path(address).absolute())


def public(address: str) -> str:
    """Return an address without user, password and query, for logs and manifests."""
    if "://" not in address:
        return address
    if in_archive := split_archive(address):
        return f"{public(in_archive[0])}#/{in_archive[1]}"
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises if a password holds a slash: its first half then reads as the port
    except ValueError:  # not a URL, such as http://[bucket
        return f"{address.partition('://')[0]}://…"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def in_package(address: str) -> Path:
    """Return the path of a `package://` address; StorageError if the package is missing or the path leaves it."""
    package, _, name = address.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise StorageError(f"{address}: the Python package {package!r} is not installed; install it with pip")
    root = Path(spec.submodule_search_locations[0]).resolve()
    path = Path(os.path.normpath(root / name))
    if not path.is_relative_to(root):
        raise StorageError(f"{address}: points outside the package {package!r}; name a file inside it")
    return path
