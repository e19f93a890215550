"""Keep secrets out of messages and logs: those of the environment, of addresses and of request headers."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

from job.storage.address import public

SECRET_NAME = re.compile(
    r"KEY|SECRET|TOKEN|PASSW|PASSPHRASE|PWD$|CREDENTIAL|AUTH(?!OR)|SIGNATURE|COOKIE|CONNECTION_STRING"
)
"""What the name of a variable contains if its value is a secret."""
PLACE_NAME = re.compile(r"_(FILE|PATH|DIR|SOCK|URI|URL|TYPE|MODE)S?$|^(OLD)?PWD$|^GOOGLE_APPLICATION_CREDENTIALS$")
"""The name of a variable whose value is a place, whatever else the name contains. Messages have to show it."""
SHORTEST = 8  # a shorter value protects nothing, and would be replaced inside ordinary words
URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)
PRIVATE = re.compile(r"@|\?.*=")
"""A user or a query in an address; a `?` alone is a wildcard."""
HEADER = re.compile(r"((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?)[^'\"\r\n]+", re.IGNORECASE)
SCHEME = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9+/._~=-]{8,}", re.IGNORECASE)
PARAMETER = re.compile(
    r"\b((?:X-Amz-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|AccountKey|sig|signature|(?:\w+[_-])?token|password|"
    r"api[_-]?key|secret)=)[^&\s'\"<>]+",
    re.IGNORECASE,
)
"""A parameter of a signed request."""


def hide(text: str) -> str:
    """Return a text without secrets: each is replaced by the name of its variable, or by `…`."""
    for name, value in sorted(_secrets().items(), key=lambda item: -len(item[1])):
        for form in (value, quote(value, safe="")):
            text = text.replace(form, f"({name})")
    text = URL.sub(lambda match: public(match[0]) if PRIVATE.search(match[0]) else match[0], text)
    return PARAMETER.sub(r"\1…", SCHEME.sub(r"\1 …", HEADER.sub(r"\1…", text)))


def one_line(text: str) -> str:
    """Return a store's message as one line, without the secrets that it may repeat."""
    return hide(" ".join(text.split()))


def _secrets() -> dict[str, str]:
    """Return the values of the environment that are secrets, by variable."""
    return {
        name: value
        for name, value in os.environ.items()
        if len(value) >= SHORTEST and SECRET_NAME.search(name.upper()) and not PLACE_NAME.search(name.upper())
    }
