"""Texts that take long to make, kept in the folder of local copies.

One that is damaged is made again, and another user's too: it may be a program, and all may write to the folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress

from job.storage import local
from job.storage.mounting import cache_folder


def kept(name: str, make: Callable[[], str]) -> str:
    """Return a text from the folder of local copies, made and kept if it is not there or not intact.

    name: of the file, which must differ where the text would. A folder that cannot be written keeps nothing.
    """
    folder = cache_folder()
    if folder is None:
        return make()
    file = folder / name
    with suppress(OSError, UnicodeDecodeError):
        with file.open("rb") as opened:
            is_own = os.fstat(opened.fileno()).st_uid == os.geteuid()
            digest, _, text = opened.read().decode().partition("\n")
        if is_own and digest == _digest(text):
            return text
    text = make()
    with suppress(OSError):  # no place for it
        local.write(file, f"{_digest(text)}\n{text}".encode(), replace=True)
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
