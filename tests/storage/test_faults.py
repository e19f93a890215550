"""What errors of stores mean, and how they are told."""

import errno
import ssl

import aiohttp
import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError
from yarl import URL

from job.errors import StoreRefusedError
from job.storage.faults import Kind, MismatchError, failure, judge


def s3(code, status, operation="GetObject", message="words"):
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


def translated(error, cause):
    """What an adapter throws for an error that it was told."""
    error.__cause__ = cause
    return error


def http(status, url="https://host/a.png"):
    request = aiohttp.RequestInfo(URL(url), "GET", {}, URL(url))
    return aiohttp.ClientResponseError(request, (), status=status, message="words")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.PASSING, s3("InternalError", 500)),
        (Kind.PASSING, s3("SlowDown", 503)),
        (Kind.PASSING, s3("503", 503, "HeadObject")),
        (Kind.PASSING, s3("RequestTimeout", 400)),
        (Kind.PASSING, s3("ThrottlingException", 400)),
        (Kind.PASSING, s3("TooManyRequests", 429)),
        (Kind.PASSING, s3("ConditionalRequestConflict", 409)),
        (Kind.PASSING, s3("BadDigest", 400)),
        (Kind.PASSING, translated(OSError(errno.EBUSY, "slow"), s3("SlowDown", 503))),
        (Kind.PASSING, boto.ReadTimeoutError(endpoint_url="x")),
        (Kind.PASSING, boto.ConnectTimeoutError(endpoint_url="x")),
        (Kind.PASSING, boto.EndpointConnectionError(endpoint_url="x")),
        (Kind.PASSING, boto.ConnectionClosedError(endpoint_url="x")),
        (Kind.PASSING, boto.ResponseStreamingError(error="x")),
        (Kind.PASSING, boto.FlexibleChecksumError(error_msg="x")),
        (Kind.PASSING, aiohttp.ClientPayloadError("half")),
        (
            Kind.PASSING,
            translated(aiohttp.ClientPayloadError("half"), aiohttp.http_exceptions.ContentLengthError("half")),
        ),
        (Kind.PASSING, aiohttp.ServerDisconnectedError()),
        (Kind.PASSING, http(503)),
        (Kind.PASSING, http(429)),
        (Kind.PASSING, translated(FileNotFoundError("a.png"), http(502))),
        (Kind.PASSING, ConnectionResetError()),
        (Kind.PASSING, TimeoutError()),
        (Kind.PASSING, OSError(errno.ESTALE, "stale")),
        (Kind.PASSING, MismatchError("2 of 3 bytes came")),
        (Kind.GONE, FileNotFoundError("a.png")),
        (Kind.GONE, translated(FileNotFoundError("a.png"), s3("NoSuchKey", 404))),
        (Kind.GONE, translated(FileNotFoundError("a.png"), s3("404", 404, "HeadObject"))),
        (Kind.GONE, translated(FileNotFoundError("a.png"), http(404))),
        (Kind.EXPIRED, s3("ExpiredToken", 400)),
        (Kind.EXPIRED, s3("400", 400, "HeadObject")),
        (Kind.EXPIRED, translated(PermissionError("words"), s3("InvalidAccessKeyId", 403))),
        (Kind.REFUSED, translated(FileNotFoundError("a"), s3("NoSuchBucket", 404))),
        (Kind.REFUSED, translated(PermissionError("words"), s3("AccessDenied", 403))),
        (Kind.REFUSED, s3("403", 403, "HeadObject")),
        (Kind.REFUSED, s3("SignatureDoesNotMatch", 403)),
        (Kind.REFUSED, s3("RequestTimeTooSkewed", 403)),
        (Kind.REFUSED, s3("PermanentRedirect", 301)),
        (Kind.REFUSED, s3("InsufficientStorage", 507)),
        (Kind.REFUSED, boto.NoCredentialsError()),
        (Kind.REFUSED, boto.ProfileNotFound(profile="x")),
        (Kind.REFUSED, boto.UnauthorizedSSOTokenError()),
        (Kind.REFUSED, boto.SSLError(endpoint_url="x", error="certificate verify failed: self-signed")),
        (Kind.REFUSED, ssl.SSLCertVerificationError("certificate verify failed")),
        (Kind.REFUSED, http(403)),
        (Kind.REFUSED, http(401)),
        (Kind.REFUSED, PermissionError(errno.EACCES, "no")),
        (Kind.REFUSED, OSError(errno.ENOSPC, "full")),
        (Kind.REFUSED, OSError(errno.EDQUOT, "quota")),
        (Kind.REFUSED, OSError(errno.EROFS, "read-only")),
        (Kind.REFUSED, OSError(errno.EFBIG, "limit")),
        (Kind.REFUSED, ImportError("Install gcsfs to access GCS")),
        (Kind.FAULT, s3("InvalidObjectState", 400)),
        (Kind.FAULT, s3("NotImplemented", 501)),
        (Kind.FAULT, IsADirectoryError(errno.EISDIR, "folder")),
        (Kind.FAULT, ValueError("Protocol not known: nowhere")),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else f"{type(value).__name__}-{value}"[:60],
)
def test_errors_are_told_apart(kind, error):
    """By code, status, number or name, in the error itself or in what it comes from."""
    assert judge(error).kind is kind


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            s3("AccessDenied", 403),
            "s3://b/x: cannot read: access denied (AccessDenied); check the credentials (for S3: AWS_ACCESS_KEY_ID, "
            "AWS_PROFILE or the role) and what they may do there",
        ),
        (
            s3("NoSuchBucket", 404),
            "s3://b/x: cannot read: there is no such bucket (NoSuchBucket); check its name and AWS_ENDPOINT_URL, or "
            "create it",
        ),
        (
            s3("ExpiredToken", 400, message="The provided token has expired."),
            "s3://b/x: cannot read: access denied: these credentials are not accepted, or no longer (ExpiredToken: The "
            "provided token has expired.); check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or the role",
        ),
        (
            boto.NoCredentialsError(),
            "s3://b/x: cannot read: no credentials were found (NoCredentialsError: Unable to locate credentials); set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or a role",
        ),
        (
            OSError(errno.ENOSPC, "x"),
            "s3://b/x: cannot read: the disk is full (OSError: No space left on device); make room, or choose another "
            "place",
        ),
    ],
    ids=["denied", "bucket", "expired", "none", "full"],
)
def test_a_refusal_is_one_plain_sentence(error, told):
    """The address, what was tried, what came, how to mend it."""
    refusal = failure(error, "s3://b/x", "read")
    assert isinstance(refusal, StoreRefusedError)
    assert str(refusal) == told


def test_no_secret_is_told(monkeypatch):
    """Neither of the environment, nor of an address, nor with a line of its own."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    said = ValueError("signed with\nvery-secret-key for https://me:word@host/a?token=abc")
    told = str(failure(said, "https://me:word@host/a?token=abc", "read"))
    assert told == "https://host/a: cannot read: ValueError: signed with (AWS_SECRET_ACCESS_KEY) for https://host/a"
    assert "abc" not in str(failure(http(400, "https://host/a?token=abc"), "https://host/a?token=abc", "read"))
