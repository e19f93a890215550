"""Logging to standard error: JSON lines, or coloured lines on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog


def on_terminal() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr.isatty()


def configure() -> None:
    """Set up logging, and clear the context that an earlier study of this process bound to every line."""
    structlog.contextvars.clear_contextvars()
    renderer = (
        structlog.dev.ConsoleRenderer() if on_terminal() else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
