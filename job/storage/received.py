"""The body of an answer of S3: read whole, and checked before it is used."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from job.storage.faults import MismatchError

MD5 = re.compile(r"[0-9a-f]{32}")
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True)
class Received:
    """The body of an answer that came whole, in the form in which s3fs reads it. md5: of the whole file, if known."""

    data: bytes
    version: str
    md5: str

    async def read(self) -> bytes:
        """Give all of it."""
        return self.data

    def close(self) -> None:
        """There is nothing to close."""


async def received(answer: dict[str, Any]) -> dict[str, Any]:
    """Read the body of an answer and check it. botocore checks what carries a checksum in its headers."""
    body = answer["Body"]
    try:
        data = await body.read()
    finally:
        body.close()
    expected = answer.get("ContentLength", len(data))
    version, md5 = str(answer.get("ETag", "")).strip('"'), _md5(answer)
    part = RANGE.fullmatch(answer.get("ContentRange") or "")
    whole = part is None
    if part is not None:
        start, end, size = map(int, part.groups())
        expected, whole = end - start + 1, end - start + 1 == size
    if len(data) != expected:
        raise MismatchError(f"{len(data)} of {expected} bytes came")
    if md5 and whole and hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
        raise MismatchError("the content does not match its ETag")
    return answer | {"Body": Received(data, version, md5)}


def _md5(answer: dict[str, Any]) -> str:
    """Give the MD5 that an ETag is: of what came in one piece, not under a key of KMS or a customer, nor in Express."""
    etag = str(answer.get("ETag", "")).strip('"')
    other = (
        answer.get("ServerSideEncryption") not in (None, "AES256")
        or answer.get("SSECustomerAlgorithm")
        or answer.get("StorageClass") == "EXPRESS_ONEZONE"
    )
    return etag if MD5.fullmatch(etag) and not other else ""
