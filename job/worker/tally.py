"""Counts and times of one worker's run."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, get_ident, local


def _by_stage() -> defaultdict[str, float]:
    return defaultdict(float)


@dataclass
class Tally:
    """What one worker did: counts, seconds by stage, and the names of the parts that it stored.

    seconds: by stage, of the thread that made the tally; with what was outside of any stage they add up to `wall_s`.
    thread_seconds: by stage, of all other threads together; they run meanwhile, and may add up to more than `wall_s`.
    utilisation: samples of the device's, percent.
    embeddings: hits, misses, stored and unusable, see `job.worker.embeddings`; empty if none are kept.
    """

    counts: Counter[str] = field(default_factory=Counter)
    embeddings: Counter[str] = field(default_factory=Counter)
    committed: set[str] = field(default_factory=set)
    seconds: defaultdict[str, float] = field(default_factory=_by_stage)
    thread_seconds: defaultdict[str, float] = field(default_factory=_by_stage)
    utilisation: list[int] = field(default_factory=list)
    _began: float = field(default_factory=lambda: time.monotonic())
    _thread: int = field(default_factory=get_ident)
    _lock: Lock = field(default_factory=Lock)
    _within: local = field(default_factory=local)

    @property
    def wall_s(self) -> float:
        """Seconds since the tally was made."""
        return time.monotonic() - self._began

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent in this context to a stage, less that of stages inside it. For any thread."""
        outside = getattr(self._within, "seconds", 0.0)
        self._within.seconds = 0.0
        began = time.monotonic()
        try:
            yield
        finally:
            took = time.monotonic() - began
            with self._lock:
                seconds = self.seconds if get_ident() == self._thread else self.thread_seconds
                seconds[name] += took - self._within.seconds
            self._within.seconds = outside + took
