"""Open the fsspec file system of an address, and read what it reports about a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import fsspec
from fsspec.core import strip_protocol
from fsspec.implementations.local import LocalFileSystem

from job.errors import StorageError, StoreRefusedError
from job.storage import web
from job.storage.address import PACKAGE, FileInfo, in_package, public
from job.study.addresses import outside, split_archive

VERSION_KEYS = (
    "ETag",
    "md5Hash",
    "etag",
    "Content-MD5",
    "Last-Modified",
    "LastModified",
    "mtime",
    "created",
    "blob_id",
)
"""Keys under which fsspec's adapters report a value that changes with the content, the most reliable first."""


PATH_CHARACTERS = "/!$&'()*+,;=:@~"
"""Characters, beside letters, digits and `-._`, that the path of a web address holds as they are (RFC 3986)."""


def open_store(address: str) -> tuple[Any, str]:
    """Return the fsspec file system of an address, and the address as a path of that file system."""
    expected = outside(address)
    if expected:
        raise StoreRefusedError(f"{public(address)}: {expected}")
    if split_archive(address):
        from job.storage.mounting import mount  # an archive lies in a store itself

        return mount(address)
    if address.startswith(PACKAGE):
        return LocalFileSystem(), str(in_package(address))
    fs = _file_system(address)
    fs.invalidate_cache()  # of listings: other workers write there too
    return fs, strip_protocol(address)


def _file_system(address: str) -> Any:
    """Return the file system of an address. An adapter takes a second to import, so only its addresses pay for it."""
    scheme = address.partition("://")[0]
    if scheme in ("s3", "s3a"):
        from job.storage.s3 import open_s3

        return open_s3(address)
    if scheme in ("gs", "gcs"):
        from job.storage.gs import open_gs

        return open_gs()
    if scheme in ("az", "abfs", "abfss"):
        from job.storage.azure import Azure

        return Azure()
    # fsspec reads `::` as a chain of stores; here it is part of a name, and a name does not determine the store.
    settings = web.options() if scheme in ("http", "https") else {}
    fs, _ = fsspec.url_to_fs(address.replace("::", "--"), **settings)
    return fs


def is_local(fs: Any) -> bool:
    """Return whether the files are on this machine's disk."""
    return isinstance(fs, LocalFileSystem)


def is_http(fs: Any) -> bool:
    """Return whether the files are on a web server."""
    return "https" in fs.protocol


def is_archive(fs: Any) -> bool:
    """Return whether the files are those of an archive."""
    return "archive" in fs.protocol


def is_s3(fs: Any) -> bool:
    """Return whether the files are in S3, where botocore compares the content of a whole file with its checksum."""
    return "s3" in fs.protocol


def hides_missing_buckets(fs: Any) -> bool:
    """Return whether a listing in a missing bucket is empty. The listing of the bucket itself is an error."""
    return "gs" in fs.protocol or "az" in fs.protocol


def file_info(fs: Any, listed: str, details: dict[str, Any]) -> FileInfo:
    """Return a file's description from its store's `details`; StorageError if they lack the size.

    listed: the address that was listed; a file below `package://` keeps such an address.
    """
    if is_archive(fs):
        return FileInfo(
            address=details["name"], size=details["size"], version=details["version"], refusal=details["refusal"]
        )
    if listed.startswith(PACKAGE):
        package = listed.removeprefix(PACKAGE).partition("/")[0]
        address = f"{PACKAGE}{package}/{Path(details['name']).relative_to(in_package(f'{PACKAGE}{package}/'))}"
    else:
        address = details["name"] if is_local(fs) else fs.unstrip_protocol(details["name"])
    if is_http(fs):
        address = _quoted(address)
    if details.get("size") is None:
        raise StorageError(
            f"{public(address)}: the store does not report this file's size; copy the file to a store that does"
        )
    return FileInfo(address=address, size=int(details["size"]), version=_version(details))


def _quoted(address: str) -> str:
    """Return a web address with the same percent signs, whoever wrote it: the user, or a server's page of links."""
    parts = urlsplit(address)
    if parts.query or parts.fragment:
        return address
    return urlunsplit((parts.scheme, parts.netloc, quote(unquote(parts.path), safe=PATH_CHARACTERS), "", ""))


def _version(details: dict[str, Any]) -> str:
    """Return the value that changes with the content; "" if the store reports none."""
    value = next((details[key] for key in VERSION_KEYS if details.get(key)), "")
    # An adapter may report a time as datetime for a file, but as a number in a listing.
    return str(value.timestamp() if isinstance(value, datetime) else value).strip('"')
