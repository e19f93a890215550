"""Classify the errors of stores, and turn them into messages for the user.

Errors are recognised by names and numbers (`codes.py`), so that no adapter is imported to classify its exceptions.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from job.errors import DiskFullError, StorageError, StoreRefusedError
from job.storage import codes
from job.storage.address import public
from job.storage.secrets import one_line

LONGEST_REASON = 300


class Kind(Enum):
    """What a caller can do about an error."""

    NOT_FOUND = auto()  # the file does not exist
    TRANSIENT = auto()  # try again
    EXPIRED = auto()  # read the credentials again, then try again
    REFUSED = auto()  # trying again will fail, for other files of this store too
    FULL = auto()  # trying again will fail on this machine: it has no space left
    PERMANENT = auto()  # trying again will fail for this file


ERRORS: dict[Kind, type[StorageError]] = {
    Kind.EXPIRED: StoreRefusedError,
    Kind.REFUSED: StoreRefusedError,
    Kind.FULL: DiskFullError,
}
"""The errors that end a run. Any other kind is a StorageError."""


@dataclass(frozen=True)
class Finding:
    """The class of an error, why it happened, and how the user can mend it."""

    kind: Kind
    reason: str
    remedy: str = ""


class MismatchError(Exception):
    """The length or the checksum of the received content differs from what the store reports."""


def classify(error: BaseException) -> Finding:
    """Return what an error means. The innermost known cause decides, because adapters wrap the original error."""
    for cause in reversed(list(_causes(error))):
        finding = _known(cause)
        if finding is not None:
            return finding
    return Finding(Kind.PERMANENT, _message(error))


def storage_error(error: BaseException, address: str, action: str) -> StorageError:
    """Return the error for the user: the address, the action that failed, the reason and the remedy."""
    finding = classify(error)
    if finding.kind is Kind.NOT_FOUND and action in ("list", "write") and "://" in address:
        finding = Finding(Kind.REFUSED, "there is no such bucket", codes.BUCKET)  # a missing folder is an empty one
    remedy = f"; {codes.remedy_in(address.partition(':')[0], finding.remedy)}" if finding.remedy else ""
    error_class = ERRORS.get(finding.kind, StorageError)
    return error_class(f"{public(address)}: cannot {action}: {finding.reason}{remedy}")


def changed_since_plan(address: str) -> StorageError:
    """Return the error for a file whose content is not the planned one."""
    return StorageError(
        f"{public(address)}: changed since it was planned; "
        "to plan again, run without --shard, or run `medsam-job plan SPEC --store`"
    )


def is_taken(error: BaseException) -> bool:
    """Return whether a file was not created because its name is taken."""
    return isinstance(error, FileExistsError) or any(_code(cause) == codes.TAKEN for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or _resolver_error(cause)


def _resolver_error(error: BaseException) -> BaseException | None:
    """Return the error of the resolver behind one of botocore, which keeps what it wraps in a place of its own."""
    kept = getattr(error, "kwargs", {}).get("error")
    cause = getattr(kept, "__cause__", None)
    return cause if isinstance(cause, socket.gaierror) else None


def _known(error: BaseException) -> Finding | None:
    if _code(error):
        return _from_s3(error)
    if isinstance(error, socket.gaierror):
        return _from_resolver(error)
    names = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    if str(getattr(error, "error_code", "")) in codes.NO_CONTAINER:
        return Finding(Kind.REFUSED, "there is no such container (ContainerNotFound)", codes.BUCKET)
    status = _status(error)
    if status is not None and codes.BROKEN_RESPONSE not in names:
        return _from_status(status, _message(error))
    if getattr(error, "kwargs", {}).get("provider") == codes.OWN_PROGRAM:
        return Finding(Kind.REFUSED, f"no credentials were found ({_message(error)})", codes.NO_CREDENTIALS)
    for name, (reason, remedy) in codes.REFUSED_TYPES.items():
        if name in names:
            return Finding(Kind.REFUSED, f"{reason} ({_message(error)})", remedy)
    if _of_google(error):
        return Finding(Kind.REFUSED, "access denied (status 403)", codes.PERMISSIONS)
    if codes.UNTRUSTED in str(error):
        return Finding(Kind.REFUSED, f"the store's certificate is not trusted ({_message(error)})", codes.CERTIFICATE)
    if not names.isdisjoint(codes.TRANSIENT_TYPES):
        return Finding(Kind.TRANSIENT, _message(error))
    if isinstance(error, FileNotFoundError):
        return Finding(Kind.NOT_FOUND, "nothing is there")
    return _from_number(error) if isinstance(error, OSError) else None


def _of_google(error: BaseException) -> bool:
    """Return whether this is gcsfs's error for status 403, an OSError without a number."""
    return isinstance(error, OSError) and not error.errno and str(error).startswith(codes.FORBIDDEN)


def _from_s3(error: BaseException) -> Finding:
    name = _code(error)
    status = _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = f"{name}: {_response(error)['Error'].get('Message', '')}" if name != str(status) else f"status {status}"
    message = one_line(message)[:LONGEST_REASON]
    if name in codes.REFUSED_CODES:
        reason, remedy = codes.REFUSED_CODES[name]
        return Finding(Kind.REFUSED, f"{reason} ({name})", remedy)
    if name in codes.EXPIRED_CODES or (name == "400" and _is_head(error)):
        return Finding(
            Kind.EXPIRED, f"access denied: the credentials are not valid or have expired ({message})", codes.KEYS
        )
    if name == "403" and _is_head(error):
        return Finding(
            Kind.REFUSED,
            "access denied, or the file is missing and you may not list the bucket (status 403)",
            codes.PERMISSIONS,
        )
    if name in codes.TRANSIENT_CODES or "Throttl" in name:
        return Finding(Kind.TRANSIENT, message)
    if name in ("NoSuchKey", "404", "NotFound"):
        return Finding(Kind.NOT_FOUND, "nothing is there")
    return _from_status(status, message)


def _from_status(status: int, message: str) -> Finding:
    if status in (401, 403):
        return Finding(Kind.REFUSED, f"access denied (status {status})", codes.PERMISSIONS)
    if status in (404, 410):
        return Finding(Kind.NOT_FOUND, "nothing is there")
    if status == 507:
        return Finding(Kind.REFUSED, "the store is full", codes.SPACE)
    transient = status in codes.TRANSIENT_STATUSES or (status >= 500 and status not in codes.PERMANENT_STATUSES)
    return Finding(Kind.TRANSIENT if transient else Kind.PERMANENT, message)


def _from_resolver(error: socket.gaierror) -> Finding:
    if error.errno == socket.EAI_AGAIN:
        return Finding(Kind.TRANSIENT, _message(error))
    return Finding(Kind.REFUSED, f"the host's name is not known ({_message(error)})", codes.HOST)


def _from_number(error: OSError) -> Finding | None:
    number = errno.EACCES if isinstance(error, PermissionError) else error.errno
    if number in codes.REFUSED_NUMBERS:
        reason, remedy = codes.REFUSED_NUMBERS[number]
        kind = Kind.FULL if number in codes.FULL_NUMBERS else Kind.REFUSED
        return Finding(kind, f"{reason} ({_message(error)})", remedy)
    return Finding(Kind.TRANSIENT, _message(error)) if number in codes.TRANSIENT_NUMBERS else None


def _response(error: BaseException) -> dict[str, Any]:
    """Return the S3 response that a botocore error carries; {} for other errors."""
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def _code(error: BaseException) -> str:
    return str(_response(error).get("Error", {}).get("Code", ""))


def _is_head(error: BaseException) -> bool:
    """Return whether the request was a HEAD: its response has a status, 400 for an expired token, but no error code."""
    return str(getattr(error, "operation_name", "")).startswith("Head")


def _status(error: BaseException) -> int | None:
    """Return the status of an HTTP response, from the attributes in which adapters keep it."""
    values = (getattr(error, name, None) for name in ("status", "status_code", "code"))
    return next((value for value in values if isinstance(value, int) and 400 <= value < 600), None)


def _message(error: BaseException) -> str:
    """Return an error's type and text, or the system's description of its errno, on one line without secrets."""
    text = _system_text(error) if isinstance(error, OSError) and error.errno else str(error)
    message = getattr(error, "message", None)
    if isinstance(message, str) and _status(error) is not None:
        text = f"status {_status(error)} {message}"  # aiohttp's full text repeats the address, tokens included
    return one_line(f"{type(error).__name__}: {text}" if text else type(error).__name__)[:LONGEST_REASON]


def _system_text(error: OSError) -> str:
    """Return the system's description of an error's number; that of a resolver's number is its own."""
    return str(error.strerror) if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
