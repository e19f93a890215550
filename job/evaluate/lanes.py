"""Lanes: batches of a block that take turns, so that the device works on one while the host works on another.

A lane is a generator. It ends its turn with `yield` whenever it has given the device or the threads something to do. It
yields the rows that are ready, and returns the last ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Lane = Generator[Sequence[Item], None, Sequence[Item]]

IN_TURN = 2
"""Lanes that take turns. One is on the device and one on the host; a third would only take memory."""


def take_turns(lanes: Iterable[Lane[Item]]) -> Iterator[Item]:
    """Run lanes to their ends, `IN_TURN` at a time, and yield their rows.

    When a lane ends, the next one begins in its turn, before anyone waits for the device again.
    """
    waiting, running = iter(lanes), deque[Lane[Item]]()
    while True:
        running.extendleft(reversed(list(islice(waiting, IN_TURN - len(running)))))
        if not running:
            return
        lane = running.popleft()
        try:
            ready = next(lane)
            running.append(lane)
        except StopIteration as end:
            ready = end.value
        yield from ready
