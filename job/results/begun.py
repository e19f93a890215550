"""Marks of chunks that were begun: what a killed worker leaves, so that the next one knows where it died.

A worker writes `begun/<chunk>-<random>.json` before it reads a chunk, and deletes it when the chunk ends or the run is
stopped. Only a process that was killed leaves its mark. Each attempt has a file of its own, so no worker changes
another's; a worker counts only the chunks that are dealt to it, which no other runs, and only once, at its start.

A thread that reads ahead begins chunks, and may still do so while the worker stops. Nobody waits for it, as a read may
hang; what it marks after the worker took its marks back, it takes back itself.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Container, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.results.store import Results


class Marks:
    """The marks of one worker, and those that it found at its start. found: their addresses, by chunk."""

    def __init__(self, results: Results) -> None:
        self._folder = storage.join(results.output, "begun")
        self.found: dict[str, list[str]] = {}
        for chunk, file in listed(results):
            self.found.setdefault(chunk, []).append(file.address)
        self._own: dict[str, str] = {}
        self._lock = Lock()  # of `_own` and `_over`; never held while the store is asked
        self._over = False

    def attempts(self, chunk: str) -> int:
        """Return how many attempts at a chunk were begun and never ended."""
        return len(self.found.get(chunk, ()))

    def begin(self, chunk: str) -> None:
        """Mark a chunk, once, before it is read."""
        address = storage.join(self._folder, f"{chunk}-{secrets.token_hex(4)}.json")
        with self._lock:
            if self._over or chunk in self._own:
                return
            self._own[chunk] = address
        content = {"chunk": chunk, "begun": datetime.now(UTC).isoformat(timespec="seconds")}
        storage.create(address, json.dumps(content).encode())
        if self._over:
            _delete([address])

    def end(self, chunk: str) -> None:
        """Delete all marks of a chunk: it ended, done or recorded as failed."""
        with self._lock:
            own = self._own.pop(chunk, None)
        _delete([*self.found.pop(chunk, ()), *([own] if own else [])])

    def take_back(self) -> None:
        """Delete this worker's marks of chunks that it has not ended: it was stopped, not killed."""
        with self._lock:
            self._over = True
            own = list(self._own.values())
        with suppress(StorageError):  # the reason why it stops is told; a mark that stays means one attempt fewer
            _delete(own)


def listed(results: Results) -> list[tuple[str, storage.FileInfo]]:
    """Return the stored marks that count, each with the name of its chunk."""
    files = storage.list_files(storage.join(results.output, "begun"), "*.json")
    return [(file.address.rsplit("/", 1)[-1].rpartition("-")[0], file) for file in files if file.size]


def forget(results: Results, chunks: Container[str]) -> None:
    """Delete the marks of chunks, whoever left them: they are run again as if no worker had died of them."""
    _delete(file.address for chunk, file in listed(results) if chunk in chunks)


def _delete(addresses: Iterable[str]) -> None:
    """Delete marks, or empty them where a role may write but not delete."""
    for address in addresses:
        try:
            storage.delete(address)
        except StoreRefusedError:
            storage.write(address, b"")
