"""Addresses of listed files below a root: the same for a local folder, a bucket, a web server and an archive."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from job import storage
from job.storage import FileInfo
from job.study.addresses import IN_ARCHIVE


def by_address(files: Iterable[FileInfo], root: str) -> dict[str, FileInfo]:
    """Return listed files by their address below a root: the same for a local folder, a bucket and a web server."""
    if depth := len(IN_ARCHIVE.findall(root)):
        inside = IN_ARCHIVE.split(root)[-1]
        return {IN_ARCHIVE.split(file.address, depth)[-1][len(inside) :].lstrip("/"): file for file in files}
    folder = storage.local_path(root)
    if folder is None:
        return {_below_remote(file.address, root): file for file in files}
    start = len(str(folder).rstrip("/")) + 1
    return {_local_text(file.address)[start:]: file for file in files}


def _local_text(address: str) -> str:
    return str(storage.local_path(address)) if "://" in address else address


def _below_remote(address: str, root: str) -> str:
    # In their listings, stores write scheme and host differently (s3a, abfs, memory); the path is the same.
    _, _, path_below_host = address.partition("://")[2].lstrip("/").partition("/")
    _, _, root_below_host = root.partition("://")[2].lstrip("/").partition("/")
    if address.startswith(("http://", "https://")):
        path_below_host, root_below_host = unquote(path_below_host), unquote(root_below_host)
    return path_below_host.removeprefix(root_below_host.rstrip("/")).lstrip("/")
