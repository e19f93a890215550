"""What holds for every test."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _fresh_log():
    """Reset the log, which an earlier test may have directed to streams that are closed by now."""
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """Return a function that copies a study that has run into a folder. See `tests.ran`."""
    from tests.ran import RanStudies  # here, as it needs torch, which tests of images lack

    return RanStudies(tmp_path_factory.mktemp("ran"))
