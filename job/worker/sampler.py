"""Sample the device's utilisation once a second, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

EVERY_S = 1.0


@contextmanager
def sampled(read: Callable[[], int | None], samples: list[int], every_s: float = EVERY_S) -> Iterator[None]:
    """Append what `read` returns to the samples while the context lasts. None: there is nothing to read, no more."""
    ended = Event()
    thread = Thread(target=_sample, args=(read, samples, every_s, ended), name="utilisation", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _sample(read: Callable[[], int | None], samples: list[int], every_s: float, ended: Event) -> None:
    while (sample := read()) is not None:
        samples.append(sample)
        if ended.wait(every_s):
            return
