"""Try an output as a run uses it, before any work."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from job import storage
from job.errors import MachineError, OutputError, StorageError


def check_writable(output: str, role: str = "output") -> None:
    """Use an output as a run does: create, create again, list, find, read, delete. role: the key of the spec.

    Raise OutputError if a step fails, and MachineError if the disk is full.
    """
    name, shown = f".probe-{secrets.token_hex(8)}", f"{role} {storage.public(output)}"
    try:
        problem = _probe(output, name)
    except MachineError:
        raise
    except StorageError as error:
        raise OutputError(f"{shown} is not writable: {error}") from None
    if problem:
        raise OutputError(f"{shown}: {problem}; choose another location")


@contextmanager
def leaving_no_folder(output: str) -> Iterator[None]:
    """Remove the folders of a local output that are made meanwhile, if they stay empty.

    Not for a run: a worker that starts beside it may be about to write there.
    """
    path = storage.local_path(output)
    missing = [folder for folder in (path, *path.parents) if not folder.exists()] if path else []
    try:
        yield
    finally:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()


def _probe(folder: str, name: str) -> str | None:
    """Return what a store cannot do that results need; None if it can do all. The files that try it are deleted."""
    written, created = storage.join(folder, f"{name}-written"), storage.join(folder, f"{name}-created")
    data = name.encode()
    storage.write(written, data)
    try:
        problem = _why_not_exclusive(created, data)
        if problem:
            return f"the store has no create-only writes (on S3: PUT with If-None-Match), as parts need them: {problem}"
        listed = {file.address.rsplit("/", 1)[-1] for file in storage.list_files(folder, f"{name}*")}
        if not listed.issuperset((f"{name}-written", f"{name}-created")):
            return "files that were just written are not in the list of its files"
        if storage.info(created) is None or storage.read(created) != data or storage.read(written) != data:
            return "files that were just written are not read as they were written"
    finally:
        for address in (written, created):
            with suppress(StorageError):  # a role may be allowed to write but not to delete
                storage.delete(address)
    return None


def _why_not_exclusive(address: str, data: bytes) -> str | None:
    """Return why a file cannot be created without overwriting another; None if it can."""
    try:
        if not storage.create(address, data):
            return "a new file is reported to exist"
        return "a file that exists is overwritten" if storage.create(address, b"another") else None
    except StorageError as error:
        return str(error)
