"""Read inputs in a thread while the worker computes, one item ahead, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def read_ahead(
    reader: Executor, read: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Callable[[], Result]]]:
    """Yield each item with a function that returns its content. The next item is read meanwhile.

    The first call of the function returns what was read ahead, or raises the error; a later call reads again.
    """
    pending: list[tuple[Item, Callable[[], Result]]] = []
    for item in items:
        future = reader.submit(read, item)
        pending.append((item, partial(_first_from_future, [future], read, item)))
        if len(pending) > 1:
            yield pending.pop(0)
    yield from pending


def _first_from_future(future: list[Future[Result]], read: Callable[[Item], Result], item: Item) -> Result:
    return future.pop().result() if future else read(item)


class _Threads(ThreadPoolExecutor):
    """Threads whose log lines carry the context of the caller: study and shard, and the chunk if one is bound."""

    def submit(self, call: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        return super().submit(copy_context().run, call, *args, **kwargs)


@contextmanager
def threads(count: int) -> Iterator[Executor]:
    """Provide threads. On leaving the context, cancel what they have not begun and wait for none of them."""
    pool = _Threads(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
