"""What an address may not hold: secrets, which would end in plans and manifests, and ways around the store it names."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

USER = re.compile(r"(?<=://)[^/]*@")
"""User and password."""
QUERY = re.compile(r"(https?://[^?]*)\?.*=.*", re.DOTALL)
"""A query, which may hold a token; elsewhere `?` is a wildcard."""


def without_secrets(text: str) -> str:
    """Leave out what addresses in a text may hold of secrets."""
    return QUERY.sub(r"\1?…", USER.sub("…@", text))


def refusal(address: str) -> str | None:
    """Say what was expected in place of an address; None for one that is fine."""
    if USER.search(address):
        return "expected an address without user and password: credentials belong in the environment"
    if QUERY.search(address):
        return "expected an address without a query: credentials belong in the environment"
    if "::" in address:
        return "expected one address, not a chain of them (`::`)"
    try:
        urlsplit(address).port  # noqa: B018  computed when asked for; a password with a slash is no port
    except ValueError:
        return "expected an address that can be read as one"
    return None


def output_refusal(address: str) -> str | None:
    """Say what was expected in place of an address to write to; None for one that is fine."""
    if address.startswith("package://"):
        return "expected an address that can be written: the files of a package are for reading"
    return refusal(address)
