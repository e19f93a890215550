"""Load the units of a chunk with several threads, in the chunk's order, within a bound on memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from job.datasets import fit
from job.datasets.load import Loaded
from job.errors import MemoryShortageError, StorageError, StoreRefusedError
from job.plan.file import Unit


@dataclass(frozen=True, kw_only=True)
class Readers:
    """The threads that read files, and their number."""

    pool: Executor
    count: int


class SideBySide:
    """Loads units in order, the next ones ahead of their turn.

    What then fails for want of memory or of storage is loaded again alone, as are all units after it: other files may
    have taken the memory, or the place of its copy in the cache.
    """

    def __init__(self, load: Callable[[Unit], Loaded], units: Sequence[Unit], readers: Readers | None) -> None:
        self._load = load
        self._units = deque(units)
        self._readers = readers
        self._ahead: deque[Future[Loaded]] = deque()
        self._largest = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop(is_awaited=error is None)

    def take(self, room: int) -> Loaded:
        """Return the content of the next unit, or raise its error. room: bytes that further units may take."""
        try:
            if loaded := self._taken(room):
                return self._noted(loaded)
        except StoreRefusedError:
            raise
        except (StorageError, MemoryShortageError, MemoryError):
            self._readers = None
        self._drop(is_awaited=True)  # outside the handler, where the error's frames no longer hold arrays
        return self._noted(self._load(self._units.popleft()))

    def _taken(self, room: int) -> Loaded | None:
        """Return what was loaded ahead; None if nothing may be."""
        if self._readers is None or (len(self._units) == 1 and not self._ahead):
            return None
        while len(self._ahead) < min(self._readers.count, len(self._units)) and self._has_room(room):
            self._ahead.append(self._readers.pool.submit(self._beside_others, self._units[len(self._ahead)]))
        loaded = self._ahead.popleft().result()
        self._units.popleft()
        return loaded

    def _has_room(self, room: int) -> bool:
        return not self._ahead or self._largest * (len(self._ahead) + 1) <= room

    def _beside_others(self, unit: Unit) -> Loaded:
        with fit.beside_others():
            return self._load(unit)

    def _noted(self, loaded: Loaded) -> Loaded:
        self._largest = max(self._largest, loaded_bytes(loaded))
        return loaded

    def _drop(self, *, is_awaited: bool) -> None:
        """Drop what is ahead of its turn, and wait until its memory is free again."""
        running = [future for future in self._ahead if not future.cancel()]
        self._ahead.clear()
        if is_awaited:
            wait(running)


def loaded_bytes(loaded: Loaded) -> int:
    """Return the memory that the samples of a unit take."""
    objects = [obj for sample in loaded.samples for obj in sample.objects]
    of_images = sum(sample.image_HWC.nbytes for sample in loaded.samples)
    return of_images + sum(obj.truth_HW.nbytes + obj.labelled_HW.nbytes for obj in objects)
