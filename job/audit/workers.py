"""Which chunks no worker will finish, judged by the workers' last words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, EXIT_MENDABLE
from job.results.words import Word

FINAL = {EXIT_DONE, EXIT_MENDABLE, EXIT_ERROR_ROWS}
"""Codes after which no cluster starts a worker again."""
STOPPED_FROM = 128
"""Codes from here on are those of signals: a worker that was stopped comes back, however long that takes."""
RETRY_S = 1800.0
"""Time for a worker to begin again after any other code, as clusters let it."""


def abandoned(chunks: int, words: Mapping[Word, float]) -> set[int]:
    """Return the positions, of `chunks` in a plan, of those that no worker will finish.

    words: the last word of each worker, and for how many seconds it has been known. A chunk that no word is about may
    still get its worker, unless another ended with 2: then clusters end all workers, and start none.
    """
    refused_s = max((age for word, age in words.items() if word.code == EXIT_MENDABLE), default=0.0)
    ended = {word for word, age in words.items() if _has_ended(word, age, refused_s)}
    return {
        position
        for position in range(chunks)
        if (
            ended.issuperset(about)
            if (about := [word for word in words if position % word.shards == word.shard])
            else refused_s >= RETRY_S
        )
    }


def _has_ended(word: Word, age_s: float, refused_s: float) -> bool:
    """Return whether a worker has ended for good."""
    if word.code is None or word.code in FINAL:
        return word.code is not None
    comes_back = word.code >= STOPPED_FROM and refused_s < RETRY_S
    return age_s >= RETRY_S and not comes_back
