"""Checks on addresses: no secrets, which would be stored in plans and manifests, and no way around the named store."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

USER = re.compile(r"(?<=://)[^/]*@")
"""User and password."""
QUERY = re.compile(r"(https?://[^?]*)\?.*=.*", re.DOTALL)
"""An http(s) address with a query, which may contain a token. In other addresses `?` is a wildcard."""


def without_secrets(text: str) -> str:
    """Remove users, passwords and queries from the addresses in a text."""
    return QUERY.sub(r"\1?…", USER.sub("…@", text))


def refusal(address: str) -> str | None:
    """Return what was expected in place of an address; None if the address is valid."""
    if USER.search(address):
        return "expected an address without user and password: credentials belong in the environment"
    if QUERY.search(address):
        return "expected an address without a query: credentials belong in the environment"
    if "::" in address:
        return "expected one address, not a chain of them (`::`)"
    try:
        urlsplit(address).port  # noqa: B018  the property raises; a password with a slash is read as a port
    except ValueError:
        return "expected a valid address"
    return None


def output_refusal(address: str) -> str | None:
    """Return what was expected in place of an address to write to; None if the address is valid."""
    if address.startswith("package://"):
        return "expected an address that can be written: the files of a package are read-only"
    return refusal(address)
