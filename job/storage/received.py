"""Read the body of an S3 response completely, and check its length and its MD5 before it is used."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from job.storage.faults import MismatchError

MD5 = re.compile(r"[0-9a-f]{32}")
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True)
class ReceivedBody:
    """A checked body, with the methods by which s3fs reads one.

    version: the ETag. md5: of the whole file, not of the received range; "" if unknown.
    """

    data: bytes
    version: str
    md5: str

    async def read(self) -> bytes:
        """Return the whole body."""
        return self.data

    def close(self) -> None:
        """Do nothing: the connection is released already."""


async def receive(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response with its body read; MismatchError if the length or the MD5 is wrong.

    botocore itself checks the bodies that have a checksum in their headers.
    """
    body = response["Body"]
    try:
        data = await body.read()
    finally:
        body.close()
    expected = response.get("ContentLength", len(data))
    etag, md5 = str(response.get("ETag", "")).strip('"'), _md5(response)
    is_whole_file = True
    content_range = RANGE.fullmatch(response.get("ContentRange") or "")
    if content_range is not None:
        start, end, size = map(int, content_range.groups())
        expected = end - start + 1
        is_whole_file = expected == size
    if len(data) != expected:
        raise MismatchError(f"received {len(data)} of {expected} bytes")
    if md5 and is_whole_file and hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
        raise MismatchError("the content does not match its ETag")
    return response | {"Body": ReceivedBody(data, etag, md5)}


def _md5(response: dict[str, Any]) -> str:
    """Return the ETag where it is the file's MD5, else "".

    It is not for multipart uploads, for files encrypted with a key of KMS or of the customer, and in S3 Express.
    """
    etag = str(response.get("ETag", "")).strip('"')
    is_other_hash = (
        response.get("ServerSideEncryption") not in (None, "AES256")
        or response.get("SSECustomerAlgorithm")
        or response.get("StorageClass") == "EXPRESS_ONEZONE"
    )
    return etag if MD5.fullmatch(etag) and not is_other_hash else ""
