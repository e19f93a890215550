"""The last word of each worker: that it is at work, or how it ended. The gathering step waits by it.

A worker that is killed leaves no word of its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from job import storage
from job.errors import OutputError, StoreRefusedError
from job.results.notes import read_note, to_json

FOLDER = "workers"


@dataclass(frozen=True, kw_only=True)
class Word:
    """The last word of worker `shard` of `shards` on a plan.

    code: its exit code; None while it is at work. reason: why it ended; empty if it is done. time: ISO 8601, UTC.
    """

    plan: str
    shard: int
    shards: int
    code: int | None
    reason: str
    time: str

    def __str__(self) -> str:
        return f"Worker {self.shard} of {self.shards} ended with {self.code} at {self.time}: {self.reason}"


def write_word(output: str, word: Word) -> None:
    """Store a worker's word in place of its last one."""
    storage.write(_address(output, word), to_json(asdict(word)))


def read_words(output: str, plan: str) -> list[Word]:
    """Return the last word of every worker on a plan; OutputError for a file that is none."""
    return list(_words(output, plan))


def clear_words(output: str, plan: str, *, except_of: int | None = None) -> None:
    """Withdraw the words of the workers on a plan, except those of a given number of shards."""
    for word in _words(output, plan):
        if word.shards != except_of:
            _delete(_address(output, word))


def _words(output: str, plan: str) -> Iterator[Word]:
    for file in storage.list_files(storage.join(output, FOLDER), f"{plan}-*.json"):
        if not file.size:
            continue
        try:
            yield Word(**(read_note(file.address) or {}))
        except TypeError:
            shown = storage.public(file.address)
            raise OutputError(f"{shown}: expected the last word of a worker; damaged: delete this file") from None


def _delete(address: str) -> None:
    """Delete a word, or empty it where a role may write but not delete."""
    try:
        storage.delete(address)
    except StoreRefusedError:
        storage.write(address, b"")


def _address(output: str, word: Word) -> str:
    return storage.join(output, FOLDER, f"{word.plan}-{word.shard}-of-{word.shards}.json")
