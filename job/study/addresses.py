"""Addresses as text: their normal form, and what is wrong with one.

An address holds no secret, because plans and manifests store it, and leads to the store that it names.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

ALLOWED = "MEDSAM_JOB_ALLOWED_ADDRESSES"
"""Environment variable: the prefixes, between commas, of the only addresses that may be read and written."""
USER = re.compile(r"(?<=://)[^/]*@")
"""User and password."""
QUERY = re.compile(r"(https?://[^?]*)\?.*=.*", re.DOTALL)
"""An http(s) address with a query, which may contain a token. In other addresses `?` is a wildcard."""
OF_ACCOUNT = re.compile(r"(az|abfss?)://[^/@]+@[^/]+\.core\.windows\.net(/|$)")
"""An address of Azure that names the storage account after the container."""
HALF_A_SCHEME = re.compile(r"[^/]*:/(?!/)|(file|local|data):(?!//)")
"""What fsspec takes for a local path although it begins like an address, or for an address although it has no `//`."""
IN_ARCHIVE = re.compile(r"(?:(?<=\.zip)|(?<=\.tar)|(?<=\.tgz)|(?<=\.tar\.gz))#(?:/|$)", re.IGNORECASE)
"""What stands between an archive and the name of a file in it."""
OF_ARCHIVE = re.compile(r"((?:\.zip|\.tar|\.tar\.gz|\.tgz)#)/*", re.IGNORECASE)
NAMED_STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "http", "https", "hf")
"""Schemes that are followed by the name of a bucket, container or host."""
UNWRITABLE = {
    "package": "the files of a package are read-only",
    "http": "nothing can be written to a web server",
    "https": "nothing can be written to a web server",
    "memory": "what is in memory ends with this process",
}
"""Schemes that are no place to write to, with the reason."""


def normal(address: str) -> str:
    """Return an address with doubled slashes taken as one, because stores differ in what they make of two.

    An unset part of `${RESULTS}/${NAME}` or a slash at the end of a variable leave two. What follows an archive and `#`
    is a path in it: it begins with a slash.
    """
    address = OF_ARCHIVE.sub(r"\1/", address)
    scheme, separator, path = address.partition("://")
    return f"{scheme}{separator}{re.sub('/+', '/', path)}" if separator else re.sub("/+", "/", address)


def split_archive(address: str) -> tuple[str, str] | None:
    """Return the address of an archive and the path of a file or folder in it; None of a file that is in no archive.

    An archive may lie in another.
    """
    marks = list(IN_ARCHIVE.finditer(address))
    return (address[: marks[-1].start()], address[marks[-1].end() :]) if marks else None


def file_of(address: str) -> str:
    """Return the address of the file that a store has: itself, or the outermost archive in which it lies."""
    mark = IN_ARCHIVE.search(address)
    return address[: mark.start()] if mark else address


def without_secrets(text: str) -> str:
    """Remove users, passwords and queries from the addresses in a text."""
    return QUERY.sub(r"\1?…", USER.sub("…@", text))


def refusal(address: str) -> str | None:
    """Return what was expected in place of an address; None if the address is valid."""
    if OF_ACCOUNT.match(address):
        return "expected az://container/folder: the storage account belongs in AZURE_STORAGE_ACCOUNT_NAME"
    if USER.search(address):
        return "expected an address without user and password: credentials belong in the environment"
    if QUERY.search(address):
        return "expected an address without a query: credentials belong in the environment"
    if "::" in address:
        return "expected one address, not a chain of them (`::`)"
    if not address.strip():
        return "expected an address, got an empty text: is a variable unset?"
    if HALF_A_SCHEME.match(address):
        return "expected an address such as s3://bucket/folder, with two slashes, or a path, such as ./name:/folder"
    scheme, separator, rest = address.partition("://")
    if separator and scheme in NAMED_STORES and rest[:1] in ("", "/"):
        return f"expected the name of a bucket or host after {scheme}://"
    try:
        urlsplit(address).port  # noqa: B018  the property raises; a password with a slash is read as a port
    except ValueError:
        return "expected a valid address"
    return outside(address)


def output_refusal(address: str) -> str | None:
    """Return what was expected in place of an address to write to; None if the address is valid."""
    scheme, separator, _ = address.partition("://")
    reason = UNWRITABLE.get(scheme) if separator else None
    reason = "nothing is written into an archive" if split_archive(address) else reason
    return refusal(address) or (f"expected an address that can be written: {reason}" if reason else None)


def outside(address: str) -> str | None:
    """Return what was expected in place of an address that the operator does not allow; None if it may be used.

    Files of installed packages are always allowed.
    """
    if address.startswith("package://") or is_listed(file_of(address)) is not False:
        return None
    return f"expected an address below one of those that {ALLOWED} lists"


def is_listed(address: str) -> bool | None:
    """Return whether an address lies below a prefix of the operator's list; None if there is no list."""
    prefixes = [prefix for item in os.environ.get(ALLOWED, "").split(",") if (prefix := item.strip())]
    return any(_lies_in(address, prefix) for prefix in prefixes) if prefixes else None


def is_local(address: str) -> bool:
    """Return whether an address names a file of this machine."""
    return _place(address)[0] == "file"


def overlap(address: str, other: str) -> bool:
    """Return whether two addresses are one place in any spelling, or one lies in the other."""
    one, two = normal(address), normal(other)
    return _lies_in(one, two) or _lies_in(two, one)


def _lies_in(address: str, prefix: str) -> bool:
    scheme, path = _place(address)
    allowed_scheme, folder = _place(prefix)
    is_below = folder in ("", path) or path.startswith(folder.rstrip("/") + "/")
    return scheme == allowed_scheme and is_below and ".." not in path.split("/")  # of which stores make what they like


def _place(address: str) -> tuple[str, str]:
    """Return scheme and path of an address, one for all of its spellings; of a local one, the path without links."""
    scheme, separator, path = address.partition("://")
    if not separator or scheme in ("file", "local"):
        path = path if separator else address
        home = os.path.expanduser(path)  # noqa: PTH111  Path's raises an error where no home is known
        return "file", os.path.realpath(home) if path else ""
    path = unquote(path) if scheme in ("http", "https") else path
    return {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az"}.get(scheme, scheme), path.strip("/")
