"""Counts and times of one worker's run."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What one worker did: counts, seconds by stage, and the names of the parts that it stored.

    embeddings: hits, misses, stored and unusable, see `job.worker.embeddings`; empty if none are kept.
    """

    counts: Counter[str] = field(default_factory=Counter)
    embeddings: Counter[str] = field(default_factory=Counter)
    committed: set[str] = field(default_factory=set)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent in this context to a stage."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] += time.monotonic() - began
