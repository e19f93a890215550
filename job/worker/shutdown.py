"""Handle SIGTERM: finish the current chunk if it fits into the grace period, else drop it. Stored parts stay.

Kubernetes and AWS send SIGTERM when they reclaim a machine, and SIGKILL some 30 seconds later.
"""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

GRACE_S = 25.0
"""Default time that the current chunk may take after SIGTERM."""
AGAIN_S = 0.01
"""How soon a stop is raised again that Python dropped."""


class Stopped(BaseException):
    """The run was asked to stop. Not an `Exception`, so that no error handler catches it."""


class Stop:
    """Receives SIGTERM and decides at once whether the current chunk is finished or dropped.

    The signal handlers do not log: a signal can interrupt the log in the middle of a line, and logging would deadlock.
    A signal can also come where Python only reports what is raised and goes on, as in the `__del__` of an object.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._seconds_left: Callable[[], float] | None = None
        self._asked = False
        self._dropped: BaseException | None = None
        self._reports = sys.unraisablehook

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handle the signals in this context. For the main thread only, because Python runs handlers there."""
        handlers = {signal.SIGTERM: self._on_term, signal.SIGALRM: self._on_alarm}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._reports, sys.unraisablehook = sys.unraisablehook, self._on_dropped
        try:
            yield
        except Stopped as stopped:
            structlog.get_logger().warning(f"SIGTERM: {stopped}; run again to go on")
            raise
        except KeyboardInterrupt:
            structlog.get_logger().warning("interrupted: what is stored stays; run again to go on")
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.unraisablehook = self._reports
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def chunk(self, seconds_left: Callable[[], float]) -> Iterator[None]:
        """Work on a chunk. `seconds_left` estimates the time to its end. Raise Stopped at its end if SIGTERM came."""
        self._seconds_left = seconds_left
        try:
            yield
        finally:
            self._seconds_left = None
            signal.setitimer(signal.ITIMER_REAL, 0)  # what follows a chunk is short: dropping it would save nothing
        self._raise_dropped()  # in the chunk's last moment
        if self._asked:
            raise Stopped("finished the chunk in hand")

    def _on_term(self, number: int, frame: FrameType | None) -> None:
        left = self._seconds_left() if self._seconds_left is not None else math.inf
        if left >= self._grace_s:
            raise Stopped("stopping now")
        if not self._asked:
            self._asked = True
            signal.setitimer(signal.ITIMER_REAL, self._grace_s)

    def _on_dropped(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Take what Python is about to drop; a stop is raised again in a moment."""
        if isinstance(unraisable.exc_value, Stopped | KeyboardInterrupt):
            self._dropped = unraisable.exc_value.with_traceback(None)
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        else:
            self._reports(unraisable)

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        self._raise_dropped()
        raise Stopped("the grace period is over; dropped the chunk in hand")

    def _raise_dropped(self) -> None:
        dropped, self._dropped = self._dropped, None
        if dropped is not None:
            raise dropped
