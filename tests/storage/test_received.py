"""How the body of an S3 response is checked before it is used."""

import asyncio
import hashlib

import pytest

from job.storage.faults import MismatchError
from job.storage.received import ReceivedBody, receive

DATA = b"pixels"
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
NO_MD5 = "0" * 32


class Body:
    """The body of a response, before it is read."""

    def __init__(self, data):
        self.data, self.closed = data, False

    async def read(self):
        if isinstance(self.data, Exception):
            raise self.data
        return self.data

    def close(self):
        self.closed = True


def receive_body(data=DATA, **headers):
    """Receive a response with this body; it is closed whatever happens."""
    body = Body(data)
    response = {"Body": body, "ContentLength": len(DATA), "ETag": f'"{MD5}"'} | headers
    try:
        return asyncio.run(receive(response))["Body"]
    finally:
        assert body.closed


def test_a_complete_body_has_its_version_and_md5():
    """Both are in the ETag. s3fs reads the body as it would read botocore's."""
    body = receive_body()
    assert body == ReceivedBody(DATA, MD5, MD5)
    assert asyncio.run(body.read()) == DATA


@pytest.mark.parametrize("data", [b"pix", b"pixels and more"])
def test_a_body_of_another_length_is_a_mismatch(data):
    """The message has both lengths."""
    with pytest.raises(MismatchError, match=f"received {len(data)} of 6 bytes"):
        receive_body(data, ETag="")


def test_a_connection_that_breaks_is_closed():
    """The error is raised as it is."""
    with pytest.raises(ConnectionResetError):
        receive_body(ConnectionResetError())


def test_a_range_is_as_long_as_its_header_says():
    """The ETag is the MD5 of the whole file, so it is not compared."""
    assert receive_body(b"ixe", ContentLength=3, ContentRange="bytes 1-3/6").data == b"ixe"
    with pytest.raises(MismatchError, match="received 2 of 3 bytes"):
        receive_body(b"ix", ContentLength=2, ContentRange="bytes 1-3/6")


@pytest.mark.parametrize(
    "headers", [{}, {"ContentRange": "bytes 0-5/6"}, {"ServerSideEncryption": "AES256"}], ids=["whole", "range", "sse"]
)
def test_an_altered_body_is_a_mismatch(headers):
    """Its MD5 differs from the ETag; a range may be the whole file, and S3's own encryption keeps the MD5."""
    with pytest.raises(MismatchError, match="does not match its ETag"):
        receive_body(b"pixelz", **headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": f'"{NO_MD5}-2"'},
        {"ETag": f'"{NO_MD5}"', "ServerSideEncryption": "aws:kms"},
        {"ETag": f'"{NO_MD5}"', "SSECustomerAlgorithm": "AES256"},
        {"ETag": f'"{NO_MD5}"', "StorageClass": "EXPRESS_ONEZONE"},
    ],
    ids=["multipart", "KMS key", "customer key", "S3 Express"],
)
def test_an_etag_that_is_no_md5_is_not_compared(headers):
    """It still is the version."""
    body = receive_body(**headers)
    assert (body.data, body.version, body.md5) == (DATA, headers["ETag"].strip('"'), "")
