"""A cache of inputs whose work is a stage of the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from job.storage import FileInfo, InputCache
from job.worker.tally import Tally


@dataclass(frozen=True)
class TimedCache(InputCache):
    """An InputCache that adds the time of fetching files to a tally, as the stage `read`."""

    tally: Tally | None = None

    @classmethod
    def of(cls, cache: InputCache, tally: Tally) -> TimedCache:
        """Return a cache that does the same as another."""
        return cls(cache.folder, cache.max_bytes, cache.keys, cache.room, tally)

    def local(self, file: FileInfo) -> Path:
        """Return a local path with the content of `file`, as InputCache does."""
        if self.tally is None:
            return super().local(file)
        with self.tally.stage("read"):
            return super().local(file)
