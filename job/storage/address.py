"""Addresses as text: put together, shown without secrets, found inside Python packages."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from job.errors import StorageError

PACKAGE = "package://"
URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)
SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
SHORTEST_SECRET = 8  # what is shorter protects nothing, and would be found inside ordinary words


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
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  computed when asked for; a password with a slash is no port
    except ValueError:  # no URL at all, such as http://[bucket
        return f"{address.partition('://')[0]}://…"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def scrub(text: str) -> str:
    """Write what a store said on one line, without the secrets that it may repeat."""
    for name in SECRETS:
        value = os.environ.get(name, "")
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, f"({name})")
    return URL.sub(lambda found: public(found[0]), " ".join(text.split()))


def in_package(address: str) -> Path:
    """Give the path of a `package://` address; StorageError where there is no such package, or it leads out of it."""
    package, _, name = address.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise StorageError(f"{address}: no Python package {package!r} is installed here; pip install it")
    root = Path(spec.submodule_search_locations[0]).resolve()
    path = Path(os.path.normpath(root / name))
    if not path.is_relative_to(root):
        raise StorageError(f"{address}: leads out of the package {package!r}")
    return path
