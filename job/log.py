"""Logs: JSON lines for machines, coloured lines on a terminal; to standard error, so that results stand alone."""

from __future__ import annotations

import logging
import sys

import structlog


def is_watched() -> bool:
    """Whether a person looks on: standard error is a terminal."""
    return sys.stderr.isatty()


def configure() -> None:
    """Set up logging. What was bound to every line before, by an earlier study of this process, is forgotten."""
    structlog.contextvars.clear_contextvars()
    renderer = (
        structlog.dev.ConsoleRenderer() if is_watched() else structlog.processors.JSONRenderer(ensure_ascii=False)
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
