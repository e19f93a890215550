"""What is checked of an answer of S3 before it is used."""

import asyncio
import hashlib

import pytest

from job.storage.faults import MismatchError
from job.storage.received import Received, received

DATA = b"pixels"
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


class Body:
    """As of an answer, before it is read."""

    def __init__(self, data):
        self.data, self.closed = data, False

    async def read(self):
        return self.data

    def close(self):
        self.closed = True


def receive(data=DATA, **headers):
    body = Body(data)
    answer = asyncio.run(received({"Body": body, "ContentLength": len(DATA), "ETag": f'"{MD5}"'} | headers))
    assert body.closed
    return answer["Body"]


def test_what_came_whole_is_given_with_its_version():
    """And with the MD5 that its ETag is."""
    assert receive() == Received(DATA, MD5, MD5)


def test_a_short_body_is_a_mismatch():
    """It says how much came."""
    with pytest.raises(MismatchError, match="3 of 6 bytes came"):
        receive(b"pix")


def test_a_part_of_a_file_is_as_long_as_the_answer_says():
    """Its sum is not known."""
    assert receive(b"ixe", ContentLength=3, ContentRange="bytes 1-3/6").data == b"ixe"
    with pytest.raises(MismatchError, match="2 of 3 bytes came"):
        receive(b"ix", ContentLength=2, ContentRange="bytes 1-3/6")


@pytest.mark.parametrize("headers", [{}, {"ContentRange": "bytes 0-5/6"}])
def test_an_altered_body_is_a_mismatch(headers):
    """Also where a range was asked for that is the whole."""
    with pytest.raises(MismatchError, match="does not match its ETag"):
        receive(b"pixelz", **headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"' + "0" * 32 + '-2"'},
        {"ETag": '"' + "0" * 32 + '"', "ServerSideEncryption": "aws:kms"},
        {"ETag": '"' + "0" * 32 + '"', "SSECustomerAlgorithm": "AES256"},
        {"ETag": '"' + "0" * 32 + '"', "StorageClass": "EXPRESS_ONEZONE"},
    ],
)
def test_an_etag_that_is_no_md5_is_not_taken_for_one(headers):
    """Of an upload in parts, under a key of KMS or a customer, or in S3 Express."""
    assert receive(**headers).md5 == ""
