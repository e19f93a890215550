"""Logging to standard error: JSON lines, or coloured lines on a terminal; without secrets."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from job import storage
from job.errors import printable


def on_terminal() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr.isatty()


def shown(error: BaseException) -> str:
    """Return the text of an error without secrets, and without anything that would steer a terminal."""
    return printable(storage.hide(str(error)))


def configure() -> None:
    """Set up logging, and clear the context that an earlier study of this process bound to every line."""
    structlog.contextvars.clear_contextvars()
    renderer = _coloured() if on_terminal() else structlog.processors.JSONRenderer(ensure_ascii=not _shows_all())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _safe,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger().handlers[:] = [*_handlers_of_others(), _Libraries(logging.WARNING)]


def _coloured() -> structlog.dev.ConsoleRenderer:
    has_colours = os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    return structlog.dev.ConsoleRenderer(colors=has_colours)


def _shows_all() -> bool:
    """Return whether standard error can show every character; JSON has escapes of its own for those that it cannot."""
    return sys.stderr.encoding.lower().startswith("utf")


class _Libraries(logging.Handler):
    """Writes what libraries log as lines of this log, with the reason in place of a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        reason = {} if error is None else {"reason": f"{type(error).__name__}: {error}"}
        structlog.get_logger().warning(record.getMessage(), library=record.name, **reason)


def _handlers_of_others() -> list[logging.Handler]:
    return [handler for handler in logging.getLogger().handlers if not isinstance(handler, _Libraries)]


def _safe(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return a line of the log without secrets, and without anything that would steer a terminal."""
    return {name: printable(storage.hide(value)) if isinstance(value, str) else value for name, value in line.items()}
