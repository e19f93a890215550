"""Read inputs in a thread while the worker computes, one item ahead, so that memory stays bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class ReadAhead(Generic[Item, Result]):
    """Reads items one ahead of the work.

    is_short: whether what was read ahead lacks something for want of memory; it is then read again in its turn, when
    the item before it is no longer in memory.
    """

    def __init__(
        self, reader: Executor, read: Callable[[Item], Result], is_short: Callable[[Result], bool] = lambda _: False
    ) -> None:
        self._reader = reader
        self._read = read
        self._is_short = is_short
        self._ahead: list[Future[Result]] = []

    def items(self, items: Iterable[Item]) -> Iterator[tuple[Item, Callable[[], Result]]]:
        """Yield each item with a function that returns its content. The next item is read meanwhile.

        The first call of the function returns what was read ahead, or raises the error; a later call reads again.
        """
        pending: list[tuple[Item, list[Future[Result]]]] = []
        for item in items:
            self._ahead = [self._reader.submit(self._read, item)]
            pending.append((item, self._ahead))
            if len(pending) > 1:
                yield self._with_content(*pending.pop(0))
        self._ahead = []
        for item, future in pending:
            yield self._with_content(item, future)

    def give_up(self) -> None:
        """Drop what was read ahead, to free its memory; it is read again in its turn."""
        while self._ahead:
            future = self._ahead.pop()
            if not future.cancel():
                wait([future])

    def _with_content(self, item: Item, future: list[Future[Result]]) -> tuple[Item, Callable[[], Result]]:
        return item, partial(self._content, item, future)

    def _content(self, item: Item, future: list[Future[Result]]) -> Result:
        content = future.pop().result() if future else self._read(item)
        if not self._is_short(content):
            return content
        del content
        self.give_up()
        return self._read(item)


def one_by_one(read: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Callable[[], Result]]]:
    """Yield each item with a function that reads it, while nothing else is read."""
    for item in items:
        yield item, partial(read, item)


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield each item once the next one was taken too, as what is begun in threads has to be."""
    pending = deque(islice(items, 1))
    for item in items:
        pending.append(item)
        yield pending.popleft()
    yield from pending


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
