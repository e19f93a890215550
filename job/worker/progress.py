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
    """Counts the raw slices (or images) that are done, of `total`."""

    def __init__(self, total: int, *, terminal: bool) -> None:
        self._total, self._done, self._noted = total, 0.0, time.monotonic()
        self._end_of_chunk = 0.0
        self._began = self._noted
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
        """Work on a chunk of `raw` slices; at its end all of them count as done, whatever was repeated or skipped."""
        self._end_of_chunk = self._done + raw
        yield
        self._done = self._end_of_chunk

    def seconds_left(self) -> float:
        """Estimate the time to the end of the current chunk from the mean speed; infinite while nothing is done."""
        per_second = self._done / (time.monotonic() - self._began)
        return max(0.0, self._end_of_chunk - self._done) / per_second if per_second > 0 else math.inf

    def advance(self, raw: float) -> None:
        """Add `raw` slices, or that fraction of one, to those done."""
        self._done += raw
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._done)
        elif time.monotonic() - self._noted >= INTERVAL_S:
            self._log_line()

    def _log_line(self) -> None:
        self._noted = time.monotonic()
        per_second = self._done / (self._noted - self._began)
        left = (self._total - self._done) / max(per_second, 1e-9)
        rates = {"images_per_s": round(per_second, 2), "seconds_left": round(left)}
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
