"""Why chunks failed twice, from their records: each reason once, however many chunks have it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from job.results.store import Results

MOST_READ = 100
"""Records that are read: in a store, each is a request."""
UNREADABLE = {"": "its record cannot be read"}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A reason for which chunks failed.

    step: what failed: `read`, `process`, or the name of a model; "" if the record cannot be read. chunks: those with
    this reason, by name, in order.
    """

    step: str
    reason: str
    chunks: tuple[str, ...]


def failures(results: Results, chunks: Collection[str]) -> list[Failure]:
    """Return why some chunks failed, the most frequent reason first. At most MOST_READ of the chunks are looked at."""
    chunks_by_reason: dict[tuple[str, str], list[str]] = {}
    for chunk in sorted(chunks)[:MOST_READ]:
        for step, reason in _reasons(results, chunk):
            chunks_by_reason.setdefault((step, reason), []).append(chunk)
    found = [
        Failure(step=step, reason=reason, chunks=tuple(names)) for (step, reason), names in chunks_by_reason.items()
    ]
    return sorted(found, key=lambda failure: (-len(failure.chunks), failure.step, failure.reason))


def _reasons(results: Results, chunk: str) -> Iterator[tuple[str, str]]:
    record = results.failure(chunk)
    failed = record.get("failed") if isinstance(record, dict) else None
    reasons = failed if isinstance(failed, dict) and failed else UNREADABLE
    for step, reason in reasons.items():
        yield str(step), str(reason)
