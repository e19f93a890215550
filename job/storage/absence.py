"""What is not there: operations on a missing file, and the reason why a pattern matches nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from job.storage.address import public
from job.storage.faults import Kind, classify
from job.storage.retry import with_retries
from job.storage.stores import open_store

T = TypeVar("T")
OTHER_ARCHIVE = re.compile(r"\.(?:7z|rar|(?:tar\.)?(?:xz|bz2|zst)|txz|tbz2?)#|(?<!\.tar)\.gz#", re.IGNORECASE)
"""An address in an archive of a kind that is not read."""


def none_if_missing(operation: Callable[[], T]) -> T | None:
    """Call the operation; return None if the file does not exist.

    Some adapters raise FileNotFoundError for any failure and keep the real error as its cause; that is raised.
    """
    try:
        return operation()
    except FileNotFoundError as error:
        if classify(error).kind is not Kind.NOT_FOUND:
            raise
        return None


def why_nothing_matches(folder: str) -> str:
    """Return the reason why no file below a folder matches: the folder is missing, or holds no such file.

    StorageError if the folder may not be read.
    """
    if not folder or folder.endswith(":/") or _names(folder) is not None:  # the working folder; a store without bucket
        return "no file matches this pattern"
    hint = ", but one whose name is written in another Unicode form (NFC or NFD)" if _has_twin(folder) else ""
    if OTHER_ARCHIVE.search(folder):
        hint = "; archives other than .zip, .tar, .tar.gz and .tgz are not read: unpack it"
    return f"no file matches this pattern: there is no folder {public(folder)}{hint}"


def _has_twin(folder: str) -> bool:
    """Return whether a folder, or the first missing one above it, exists under a name in another Unicode form."""
    parent, _, name = folder.rstrip("/").rpartition("/")
    if not parent or parent.endswith((":", "/")):
        return False
    siblings = _names(parent)
    return _has_twin(parent) if siblings is None else _nfc(name) in map(_nfc, siblings)


def _names(folder: str) -> list[str] | None:
    """Return the names in a folder; None if there is no such folder."""

    def attempt() -> list[str] | None:
        paths = none_if_missing(lambda: _listed(folder))  # an archive may be missing, too
        return None if paths is None else [str(item).rstrip("/").rpartition("/")[2] for item in paths]

    return with_retries(folder, "list", attempt)


def _listed(folder: str) -> list[str]:
    fs, path = open_store(folder)
    paths: list[str] = fs.ls(path, detail=False)
    return paths


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)
