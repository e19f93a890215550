"""Compare content that was received with what its store states about the file: its length and its MD5."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from job.storage.faults import MismatchError


def check(data: bytes, details: dict[str, Any]) -> None:
    """Raise MismatchError if a file's content is not that of which its store reports these details."""
    _check_length(len(data), details)
    if (stated := _stated_md5(details)) and hashlib.md5(data, usedforsecurity=False).digest() != stated:
        raise MismatchError("the content does not match the MD5 that the store states")


def check_copy(path: Path, details: dict[str, Any]) -> None:
    """Raise MismatchError if a local copy has not the content of which its store reports these details."""
    _check_length(path.stat().st_size, details)
    if stated := _stated_md5(details):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
        if digest != stated:
            raise MismatchError("the content does not match the MD5 that the store states")


def _check_length(received: int, details: dict[str, Any]) -> None:
    expected = details.get("size")
    if expected is not None and received != expected:
        raise MismatchError(f"received {received} of {expected} bytes")


def _stated_md5(details: dict[str, Any]) -> bytes:
    """Return the MD5 of a file's content as Google Cloud Storage and Azure state it; b"" if it is unknown.

    It is for files that were composed of parts. The ETag of S3 is no reliable one; there botocore compares checksums.
    """
    if text := details.get("md5Hash"):
        return base64.b64decode(text)
    return bytes((details.get("content_settings") or {}).get("content_md5") or b"")
