"""How errors of stores are classified, and what the user reads about them."""

import errno
import socket
import ssl

import aiohttp
import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError
from yarl import URL

from job.errors import DiskFullError, MachineError, StorageError, StoreRefusedError
from job.storage.faults import Kind, MismatchError, changed_since_plan, classify, storage_error


def s3(code, status, operation="GetObject", message="words"):
    """Return botocore's error for a response of S3."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


def wrapped(error, cause):
    """Return an adapter's error with the original one as its cause."""
    error.__cause__ = cause
    return error


def http(status, url="https://host/a.png"):
    """Return aiohttp's error for a response with this status."""
    request = aiohttp.RequestInfo(URL(url), "GET", {}, URL(url))
    return aiohttp.ClientResponseError(request, (), status=status, message="words")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.TRANSIENT, s3("InternalError", 500)),
        (Kind.TRANSIENT, s3("SlowDown", 503)),
        (Kind.TRANSIENT, s3("503", 503, "HeadObject")),
        (Kind.TRANSIENT, s3("RequestTimeout", 400)),
        (Kind.TRANSIENT, s3("ThrottlingException", 400)),
        (Kind.TRANSIENT, s3("TooManyRequests", 429)),
        (Kind.TRANSIENT, s3("ConditionalRequestConflict", 409)),
        (Kind.TRANSIENT, s3("BadDigest", 400)),
        (Kind.TRANSIENT, wrapped(OSError(errno.EBUSY, "slow"), s3("SlowDown", 503))),
        (Kind.TRANSIENT, boto.ReadTimeoutError(endpoint_url="x")),
        (Kind.TRANSIENT, boto.ConnectTimeoutError(endpoint_url="x")),
        (Kind.TRANSIENT, boto.EndpointConnectionError(endpoint_url="x")),
        (Kind.TRANSIENT, boto.ConnectionClosedError(endpoint_url="x")),
        (Kind.TRANSIENT, boto.ResponseStreamingError(error="x")),
        (Kind.TRANSIENT, boto.FlexibleChecksumError(error_msg="x")),
        (Kind.TRANSIENT, aiohttp.ClientPayloadError("half")),
        (
            Kind.TRANSIENT,
            wrapped(aiohttp.ClientPayloadError("half"), aiohttp.http_exceptions.ContentLengthError("half")),
        ),
        (Kind.TRANSIENT, aiohttp.ServerDisconnectedError()),
        (Kind.TRANSIENT, http(503)),
        (Kind.TRANSIENT, http(429)),
        (Kind.TRANSIENT, wrapped(FileNotFoundError("a.png"), http(502))),
        (Kind.TRANSIENT, ConnectionResetError()),
        (Kind.TRANSIENT, TimeoutError()),
        (Kind.TRANSIENT, OSError(errno.ESTALE, "stale")),
        (Kind.TRANSIENT, socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")),
        (Kind.TRANSIENT, MismatchError("received 2 of 3 bytes")),
        (Kind.NOT_FOUND, FileNotFoundError("a.png")),
        (Kind.NOT_FOUND, wrapped(FileNotFoundError("a.png"), s3("NoSuchKey", 404))),
        (Kind.NOT_FOUND, wrapped(FileNotFoundError("a.png"), s3("404", 404, "HeadObject"))),
        (Kind.NOT_FOUND, wrapped(FileNotFoundError("a.png"), http(404))),
        (Kind.NOT_FOUND, http(410)),
        (Kind.EXPIRED, s3("ExpiredToken", 400)),
        (Kind.EXPIRED, s3("400", 400, "HeadObject")),
        (Kind.EXPIRED, wrapped(PermissionError("words"), s3("InvalidAccessKeyId", 403))),
        (Kind.REFUSED, wrapped(FileNotFoundError("a"), s3("NoSuchBucket", 404))),
        (Kind.REFUSED, wrapped(PermissionError("words"), s3("AccessDenied", 403))),
        (Kind.REFUSED, s3("403", 403, "HeadObject")),
        (Kind.REFUSED, s3("SignatureDoesNotMatch", 403)),
        (Kind.REFUSED, s3("RequestTimeTooSkewed", 403)),
        (Kind.REFUSED, s3("InvalidIdentityToken", 400, "AssumeRoleWithWebIdentity")),
        (Kind.REFUSED, s3("PermanentRedirect", 301)),
        (Kind.REFUSED, s3("InsufficientStorage", 507)),
        (Kind.REFUSED, socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
        (Kind.REFUSED, boto.NoCredentialsError()),
        (Kind.REFUSED, boto.ProfileNotFound(profile="x")),
        (Kind.REFUSED, boto.UnauthorizedSSOTokenError()),
        (Kind.REFUSED, boto.SSLError(endpoint_url="x", error="certificate verify failed: self-signed")),
        (Kind.REFUSED, ssl.SSLCertVerificationError("certificate verify failed")),
        (Kind.REFUSED, http(403)),
        (Kind.REFUSED, http(401)),
        (Kind.REFUSED, PermissionError(errno.EACCES, "no")),
        (Kind.FULL, OSError(errno.ENOSPC, "full")),
        (Kind.FULL, OSError(errno.EDQUOT, "quota")),
        (Kind.REFUSED, OSError(errno.EROFS, "read-only")),
        (Kind.REFUSED, OSError(errno.EFBIG, "limit")),
        (Kind.REFUSED, ImportError("Install gcsfs to access GCS")),
        (Kind.PERMANENT, s3("InvalidObjectState", 400)),
        (Kind.PERMANENT, s3("400", 400, "GetObject")),
        (Kind.PERMANENT, s3("NotImplemented", 501)),
        (Kind.PERMANENT, http(505)),
        (Kind.PERMANENT, IsADirectoryError(errno.EISDIR, "folder")),
        (Kind.PERMANENT, ValueError("Protocol not known: nowhere")),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else f"{type(value).__name__}-{value}"[:60],
)
def test_errors_are_classified(kind, error):
    """By code, status, errno or type of the error or of its innermost known cause."""
    assert classify(error).kind is kind


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            s3("AccessDenied", 403),
            "s3://b/x: cannot read: access denied (AccessDenied); check the credentials (for S3: AWS_ACCESS_KEY_ID, "
            "AWS_PROFILE or the role) and their permissions",
        ),
        (
            s3("NoSuchBucket", 404),
            "s3://b/x: cannot read: there is no such bucket (NoSuchBucket); check its name and AWS_ENDPOINT_URL, or "
            "create it",
        ),
        (
            s3("ExpiredToken", 400, message="The provided token has expired."),
            "s3://b/x: cannot read: access denied: the credentials are not valid or have expired (ExpiredToken: The "
            "provided token has expired.); check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or the role",
        ),
        (
            boto.NoCredentialsError(),
            "s3://b/x: cannot read: no credentials were found (NoCredentialsError: Unable to locate credentials); set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or a role",
        ),
        (
            OSError(errno.ENOSPC, "x"),
            "s3://b/x: cannot read: the disk is full (OSError: No space left on device); free some space, or choose "
            "another location",
        ),
    ],
    ids=["denied", "bucket", "expired", "none", "full"],
)
def test_a_refusal_is_one_sentence(error, message):
    """It has the address, the action, the reason and the remedy."""
    refusal = storage_error(error, "s3://b/x", "read")
    assert isinstance(refusal, StoreRefusedError)
    assert str(refusal) == message


@pytest.mark.parametrize(
    ("error", "is_this_machines"),
    [
        (OSError(errno.ENOSPC, "x"), True),
        (OSError(errno.EDQUOT, "x"), True),
        (OSError(errno.EROFS, "x"), False),
        (OSError(errno.EFBIG, "x"), False),
        (s3("InsufficientStorage", 507), False),
        (s3("QuotaExceeded", 400), False),
    ],
)
def test_a_full_disk_is_this_machines_and_a_full_store_is_not(error, is_this_machines):
    """Another machine has another disk; the store is the same for all."""
    refusal = storage_error(error, "s3://b/x", "write")
    assert isinstance(refusal, StoreRefusedError)
    assert isinstance(refusal, DiskFullError) == isinstance(refusal, MachineError) == is_this_machines


@pytest.mark.parametrize("error", [FileNotFoundError("a.png"), s3("InvalidObjectState", 400)])
def test_an_error_of_one_file_is_no_refusal(error):
    """The run goes on with the other files."""
    assert type(storage_error(error, "s3://b/x", "read")) is StorageError


def test_a_changed_file_is_reported_with_the_remedy():
    """And without the password in its address."""
    assert str(changed_since_plan("https://me:word@host/a")) == (
        "https://host/a: changed since it was planned; "
        "to plan again, run without --shard, or run `medsam-job plan SPEC --store`"
    )


def test_no_message_has_a_secret(monkeypatch):
    """A message is one line, without secrets of the environment or of an address."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    error = ValueError("signed with\nvery-secret-key for https://me:word@host/a?token=abc")
    message = str(storage_error(error, "https://me:word@host/a?token=abc", "read"))
    assert message == "https://host/a: cannot read: ValueError: signed with (AWS_SECRET_ACCESS_KEY) for https://host/a"
    assert "abc" not in str(storage_error(http(400, "https://host/a?token=abc"), "https://host/a?token=abc", "read"))


def test_a_secret_too_short_to_be_one_is_not_replaced(monkeypatch):
    """It would be replaced inside ordinary words."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "read")
    assert classify(ValueError("already read")).reason == "ValueError: already read"


def test_a_long_message_is_cut():
    """At 300 characters."""
    assert len(classify(ValueError("x" * 1000)).reason) == 300
