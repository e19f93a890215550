"""What holds for every test."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _fresh_log():
    """Reset the log, which an earlier test may have directed to streams that are closed by now."""
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
