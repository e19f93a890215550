"""The progress of a run: a bar on a terminal, a log line at intervals elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import rich.progress as bars
import structlog
from rich.console import Console
from rich.text import Text

INTERVAL_S = 15.0


class ProgressBar:
    """Shows how many of `total` raw slices (or images) are done."""

    def __init__(self, total: int, *, terminal: bool) -> None:
        self._total, self._done, self._end_of_chunk = total, 0.0, 0.0
        self._began = self._logged = time.monotonic()
        self._log = structlog.get_logger()
        self._bar = _bar() if terminal else None
        self._task = self._bar.add_task("evaluating", total=total) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    @contextmanager
    def chunk(self, raw: int) -> Iterator[None]:
        """Work on a chunk of `raw` slices. At its end exactly these count as done, whatever was repeated or skipped."""
        self._end_of_chunk = self._done + raw
        yield
        self._done = self._end_of_chunk

    def seconds_left(self) -> float:
        """Estimate the time to the end of the current chunk from the mean speed; infinite while nothing is done."""
        return self._seconds_until(self._end_of_chunk)

    def advance(self, raw: float) -> None:
        """Add `raw` slices to those done: a fraction as work goes on, or a negative number if work is repeated."""
        self._done += raw
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._done)
        elif time.monotonic() - self._logged >= INTERVAL_S:
            self._log_line()

    def _seconds_until(self, done: float) -> float:
        """Estimate the time until `done` slices are done; infinite while nothing is done."""
        if self._done <= 0:
            return math.inf
        return max(0.0, done - self._done) * (time.monotonic() - self._began) / self._done

    def _log_line(self) -> None:
        self._logged = time.monotonic()
        left = self._seconds_until(self._total)
        rates = {
            "images_per_s": round(self._done / (self._logged - self._began), 2),
            "seconds_left": round(left) if math.isfinite(left) else None,
        }
        self._log.info("progress", done=int(self._done), of=self._total, **rates)


class _Done(bars.ProgressColumn):
    def render(self, task: bars.Task) -> Text:
        return Text(f"{task.completed:.0f}/{task.total:.0f} images")


class _Speed(bars.ProgressColumn):
    def render(self, task: bars.Task) -> Text:
        return Text(f"{task.speed:.1f} images/s" if task.speed else "")


def _bar() -> bars.Progress:
    return bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        _Done(),
        _Speed(),
        bars.TimeRemainingColumn(),
        console=Console(stderr=True),
    )
