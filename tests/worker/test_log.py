"""The log goes to standard error: JSON lines, or coloured lines on a terminal."""

import json
import logging

import pytest
import structlog
from structlog.contextvars import bind_contextvars

from job.worker import log


def test_a_line_is_a_json_object_with_its_context(capfd):
    """It has the event, the level, the time in UTC, and what was bound."""
    log.configure()
    bind_contextvars(study="s")
    structlog.get_logger().info("µ", parts=3)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "µ" in shown.err
    line = json.loads(shown.err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "µ", "level": "info", "study": "s", "parts": 3}


def test_a_new_study_begins_without_the_context_of_an_earlier_one(capfd):
    """Both may run in one Python process."""
    bind_contextvars(study="earlier")
    log.configure()
    structlog.get_logger().info("event")
    assert "study" not in json.loads(capfd.readouterr().err)


def test_a_terminal_gets_lines_to_read(capfd, monkeypatch):
    """They are not JSON."""
    monkeypatch.setattr(log, "on_terminal", lambda: True)
    log.configure()
    structlog.get_logger().info("event", parts=3)
    line = capfd.readouterr().err
    assert "event" in line
    assert not line.startswith("{")


def test_an_error_is_logged_with_its_traceback(capfd):
    """It is in the line, as text."""
    log.configure()
    structlog.get_logger().error("failed", exc_info=ValueError("a reason"))
    assert "ValueError: a reason" in json.loads(capfd.readouterr().err)["exception"]


def test_details_for_developers_are_not_logged(capfd):
    """The level is info."""
    log.configure()
    structlog.get_logger().debug("detail")
    assert capfd.readouterr().err == ""


def test_a_line_holds_no_secret(capfd, monkeypatch):
    """Neither in its values nor in a traceback."""
    monkeypatch.setenv("HF_TOKEN", "hush-hush-hush")
    log.configure()
    structlog.get_logger().error("failed", reason="hush-hush-hush", exc_info=ValueError("hush-hush-hush"))
    line = json.loads(capfd.readouterr().err)
    assert line["reason"] == "(HF_TOKEN)"
    assert "hush" not in line["exception"]


def test_what_libraries_log_is_a_line_without_a_traceback(capfd):
    """Once, also of a process that configures its log twice."""
    log.configure()
    log.configure()
    try:
        raise FileNotFoundError(2, "No such file or directory", "/token")
    except FileNotFoundError:
        logging.getLogger("botocore.credentials").warning("refreshing failed", exc_info=True)
    line = json.loads(capfd.readouterr().err)
    assert (line["event"], line["library"], line["level"]) == ("refreshing failed", "botocore.credentials", "warning")
    assert line["reason"] == "FileNotFoundError: [Errno 2] No such file or directory: '/token'"
    assert "exception" not in line


@pytest.mark.parametrize(("terminal", "coloured"), [("xterm", True), ("dumb", False)])
def test_a_terminal_without_colours_gets_none(capfd, monkeypatch, terminal, coloured):
    """Its name is `dumb`."""
    monkeypatch.setattr(log, "on_terminal", lambda: True)
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    log.configure()
    structlog.get_logger().info("event")
    assert ("\x1b[" in capfd.readouterr().err) is coloured
