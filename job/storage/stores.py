"""Which store an address is in: its fsspec file system, and what that tells of its files."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from job.errors import StorageError
from job.storage.address import PACKAGE, FileInfo, in_package, public

STALL_S = 20.0  # without a byte, over HTTP
VERSION_KEYS = ("ETag", "etag", "md5Hash", "Content-MD5", "Last-Modified", "LastModified", "mtime", "created")
"""Where fsspec's adapters tell what changes with a file's content, the surest first."""

S3_PROTOCOLS = ("s3", "s3a")


def open_store(address: str) -> tuple[Any, str]:
    """Give the file system of an address, and the path in its own terms."""
    if address.startswith(PACKAGE):
        return LocalFileSystem(), str(in_package(address))
    # Not by fsspec's own url_to_fs, to which `::` in a name means a chain of stores.
    kind = _file_system_class(fsspec.core.split_protocol(address)[0] or "file")
    fs, path = kind(**kind._get_kwargs_from_urls(address), **_options(address)), kind._strip_protocol(address)
    fs.invalidate_cache()  # of listings: other workers write there too
    return fs, path


def _file_system_class(protocol: str) -> Any:
    """Return the class that serves a protocol: for S3 the project's own, else the one that fsspec knows."""
    if protocol in S3_PROTOCOLS:
        from job.storage.s3 import S3  # takes a second, so only where an address needs it

        return S3
    return fsspec.get_filesystem_class(protocol)


def is_local(fs: Any) -> bool:
    """Whether files lie on this machine's disk."""
    return isinstance(fs, LocalFileSystem)


def is_s3(fs: Any) -> bool:
    """Whether it is ours (`s3.py`), which tries again and checks by itself."""
    return "s3" in fs.protocol


def described(fs: Any, asked: str, details: dict[str, Any]) -> FileInfo:
    """Describe a file by what its store tells."""
    if asked.startswith(PACKAGE):
        package = asked.removeprefix(PACKAGE).partition("/")[0]
        address = f"{PACKAGE}{package}/{Path(details['name']).relative_to(in_package(f'{PACKAGE}{package}/'))}"
    else:
        address = details["name"] if is_local(fs) else fs.unstrip_protocol(details["name"])
    if details.get("size") is None:
        raise StorageError(
            f"{public(address)}: this store does not tell how large the file is; copy it to one that does"
        )
    return FileInfo(address=address, size=int(details["size"]), version=version(details))


def version(details: dict[str, Any]) -> str:
    """Give what changes with the content; "" if the store tells nothing of the kind."""
    found = next((details[key] for key in VERSION_KEYS if details.get(key)), "")
    # An adapter may give a time as such for one file, and as a number in a listing.
    return str(found.timestamp() if isinstance(found, datetime) else found).strip('"')


def _options(address: str) -> dict[str, Any]:
    if address.startswith(("s3://", "s3a://")):
        endpoint, region = os.environ.get("AWS_ENDPOINT_URL"), os.environ.get("AWS_REGION")
        found: dict[str, Any] = {"endpoint_url": endpoint} if endpoint else {}
        # botocore heeds AWS_DEFAULT_REGION alone; AWS's other tools, and their users, say AWS_REGION.
        return found | ({"client_kwargs": {"region_name": region}} if region else {})
    if address.startswith(("http://", "https://")):
        from aiohttp import ClientTimeout

        return {"client_kwargs": {"timeout": ClientTimeout(total=None, sock_connect=STALL_S, sock_read=STALL_S)}}
    return {}
