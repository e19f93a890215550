"""The order of a worker's chunks. Those during which a process was killed come last, and alone; after two, not at all.

Nothing is read ahead beside a chunk that may have killed a worker: the mark that the next death leaves is then its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from job.plan.file import Chunk
from job.results.begun import Marks

MOST_ATTEMPTS = 2
ENDED = (
    f"the process ended {MOST_ATTEMPTS} times during this chunk, most likely killed for lack of memory; the run after "
    "this one tries again: give it more memory"
)


@dataclass(frozen=True, kw_only=True)
class Order:
    """Chunks to run first, each with the next one read meanwhile; last, alone; and those given up in this run."""

    first: Sequence[Chunk]
    last: Sequence[Chunk]
    given_up: Sequence[Chunk]
    marks: Marks

    @property
    def to_run(self) -> Sequence[Chunk]:
        """All but those given up."""
        return [*self.first, *self.last]

    @contextmanager
    def marked(self) -> Iterator[Marks]:
        """Provide the marks. A run that comes to its end forgets the attempts at what it gave up."""
        try:
            yield self.marks
        finally:
            self.marks.take_back()
        for chunk in self.given_up:
            self.marks.end(chunk.name)


def in_order(chunks: Sequence[Chunk], marks: Marks) -> Order:
    """Order chunks by the attempts at them that were begun and never ended."""
    for chunk in chunks:
        if attempts := marks.attempts(chunk.name):
            will = "goes last" if attempts < MOST_ATTEMPTS else "is given up in this run"
            images = [unit.source.image for unit in chunk.units]
            log = structlog.get_logger().bind(chunk=chunk.name, images=images)
            log.warning(f"a process ended during this chunk, which {will}", attempts=attempts)
    return Order(
        first=[chunk for chunk in chunks if not marks.attempts(chunk.name)],
        last=[chunk for chunk in chunks if 0 < marks.attempts(chunk.name) < MOST_ATTEMPTS],
        given_up=[chunk for chunk in chunks if marks.attempts(chunk.name) >= MOST_ATTEMPTS],
        marks=marks,
    )
