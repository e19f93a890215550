"""Leave word in the output: this worker is at work, and later how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from job import storage
from job.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_MACHINE, EXIT_STOPPED, JobError, StorageError, lacks_memory
from job.plan.shard import ALONE, Shard
from job.results.words import Word, clear_words, write_word
from job.worker.shutdown import Stopped

EXIT_DEFECT = 1
"""Python's own, after a traceback."""


@contextmanager
def leaving_word(output: str, plan: str, shard: Shard | None) -> Iterator[None]:
    """State in the output that this worker is at work on a plan, and at the end how it ended.

    Words of an earlier run with another number of shards are deleted: its workers will not come back.
    """
    share = shard or ALONE

    def say(code: int | None, reason: str) -> None:
        time = datetime.now(UTC).isoformat(timespec="seconds")
        hidden = storage.hide(reason)
        write_word(output, Word(plan=plan, shard=share.index, shards=share.count, code=code, reason=hidden, time=time))

    clear_words(output, plan, except_of=share.count)
    say(None, "")
    try:
        yield
    except BaseException as error:
        with suppress(StorageError):  # it may be why the worker ends
            say(*_end(error))
        raise
    say(EXIT_DONE, "")


def _end(error: BaseException) -> tuple[int, str]:
    """Return the exit code that an error leads to, and why."""
    if isinstance(error, JobError):
        return error.exit_code, str(error)
    if isinstance(error, Stopped):
        return EXIT_STOPPED, f"SIGTERM: {error}"
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED, "interrupted"
    if lacks_memory(error):
        return EXIT_MACHINE, "too little memory"
    return EXIT_DEFECT, f"{type(error).__name__}; the traceback is in its log"
