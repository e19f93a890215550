"""What an error of a store means: that nothing is there, that it will pass, that it was refused, or none of these.

Errors are told apart by names and numbers, so that no adapter is imported for it: each throws kinds of its own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from job.errors import StorageError, StoreRefusedError
from job.storage import codes
from job.storage.address import public, scrub

LONGEST_REASON = 300


class Kind(Enum):
    """What a caller can do about an error."""

    GONE = auto()  # nothing is there
    PASSING = auto()  # try again
    EXPIRED = auto()  # try again with credentials read anew
    REFUSED = auto()  # the store will say it again, of other files too
    FAULT = auto()  # it will be said again of this file


@dataclass(frozen=True)
class Finding:
    """What an error means, what came, and how the user can mend it."""

    kind: Kind
    reason: str
    remedy: str = ""


class MismatchError(Exception):
    """What came is not what the store says it holds: its length or its checksum differs."""


def judge(error: BaseException) -> Finding:
    """Say what an error means. The innermost cause that is known decides: adapters wrap what they were told."""
    for cause in reversed(list(_causes(error))):
        found = _known(cause)
        if found is not None:
            return found
    return Finding(Kind.FAULT, _said(error))


def failure(error: BaseException, address: str, action: str) -> StorageError:
    """Write an error as the user is told it: the address, what was tried, what came, how to mend it."""
    found = judge(error)
    remedy = f"; {found.remedy}" if found.remedy else ""
    refused = found.kind in (Kind.REFUSED, Kind.EXPIRED)
    return (StoreRefusedError if refused else StorageError)(
        f"{public(address)}: cannot {action}: {found.reason}{remedy}"
    )


def changed(address: str) -> StorageError:
    """Say that a file is not what was planned."""
    return StorageError(
        f"{public(address)}: changed since it was planned; "
        "a run without --shard, or `medsam-job plan SPEC --store`, plans anew"
    )


def code(error: BaseException) -> str:
    """Give the code of S3 that an error, or what it comes from, carries; "" for any other."""
    return next((found for cause in _causes(error) if (found := _code(cause))), "")


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _known(error: BaseException) -> Finding | None:
    if _code(error):
        return _of_s3(error)
    names = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    status = _status(error)
    if status is not None and codes.BROKEN_ANSWER not in names:
        return _of_status(status, _said(error))
    for name, (reason, remedy) in codes.REFUSED_TYPES.items():
        if name in names:
            return Finding(Kind.REFUSED, f"{reason} ({_said(error)})", remedy)
    if codes.UNTRUSTED in str(error):
        return Finding(Kind.REFUSED, f"the store's certificate is not trusted ({_said(error)})", codes.CERTIFICATE)
    if not names.isdisjoint(codes.PASSING_TYPES):
        return Finding(Kind.PASSING, _said(error))
    if isinstance(error, FileNotFoundError):
        return Finding(Kind.GONE, "nothing is there")
    return _of_number(error) if isinstance(error, OSError) else None


def _of_s3(error: BaseException) -> Finding:
    name = _code(error)
    status = _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"{name}: {_response(error)['Error'].get('Message', '')}" if name != str(status) else f"status {status}"
    said = scrub(said)[:LONGEST_REASON]
    if name in codes.REFUSED_CODES:
        reason, remedy = codes.REFUSED_CODES[name]
        return Finding(Kind.REFUSED, f"{reason} ({name})", remedy)
    if name in codes.EXPIRED_CODES or (name == "400" and _is_head(error)):
        return Finding(
            Kind.EXPIRED, f"access denied: these credentials are not accepted, or no longer ({said})", codes.KEYS
        )
    if name == "403" and _is_head(error):
        return Finding(
            Kind.REFUSED, "access denied, or nothing is there and you may not list (status 403)", codes.RIGHTS
        )
    if name in codes.PASSING_CODES or "Throttl" in name:
        return Finding(Kind.PASSING, said)
    if name in ("NoSuchKey", "404", "NotFound"):
        return Finding(Kind.GONE, "nothing is there")
    return _of_status(status, said)


def _of_status(status: int, said: str) -> Finding:
    if status in (401, 403):
        return Finding(Kind.REFUSED, f"access denied (status {status})", codes.RIGHTS)
    if status in (404, 410):
        return Finding(Kind.GONE, "nothing is there")
    if status == 507:
        return Finding(Kind.REFUSED, "the store is full", codes.ROOM)
    passes = status in codes.PASSING_STATUSES or (status >= 500 and status not in codes.LASTING_STATUSES)
    return Finding(Kind.PASSING if passes else Kind.FAULT, said)


def _of_number(error: OSError) -> Finding | None:
    number = errno.EACCES if isinstance(error, PermissionError) else error.errno
    if number in codes.REFUSED_NUMBERS:
        reason, remedy = codes.REFUSED_NUMBERS[number]
        return Finding(Kind.REFUSED, f"{reason} ({_said(error)})", remedy)
    return Finding(Kind.PASSING, _said(error)) if number in codes.PASSING_NUMBERS else None


def _response(error: BaseException) -> dict[str, Any]:
    """Give the answer of S3 that an error of botocore carries."""
    answer = getattr(error, "response", None)
    return answer if isinstance(answer, dict) else {}


def _code(error: BaseException) -> str:
    return str(_response(error).get("Error", {}).get("Code", ""))


def _is_head(error: BaseException) -> bool:
    """Whether S3 could not say more than a status, for answers to HEAD have no body: an expired token is a mere 400."""
    return str(getattr(error, "operation_name", "")).startswith("Head")


def _status(error: BaseException) -> int | None:
    """Give the status of an HTTP answer, where adapters keep it."""
    values = (getattr(error, name, None) for name in ("status", "status_code", "code"))
    return next((value for value in values if isinstance(value, int) and 400 <= value < 600), None)


def _said(error: BaseException) -> str:
    """Write what an error says: its kind and text, or the system's words for its number."""
    text = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    message = getattr(error, "message", None)
    if isinstance(message, str) and _status(error) is not None:
        text = f"status {_status(error)} {message}"  # the whole text of aiohttp's repeats the address, token included
    return scrub(f"{type(error).__name__}: {text}" if text else type(error).__name__)[:LONGEST_REASON]
