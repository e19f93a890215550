"""A store that fails on demand, and no waits between attempts."""

import os
from collections import Counter

import fsspec
import pytest
import structlog
from fsspec.implementations.memory import MemoryFileSystem

from job.storage import InputCache


class Flaky(MemoryFileSystem):
    """A store in memory whose operations fail on demand.

    faults: for each operation, the faults of its next calls, in order: an exception to raise, or a function to apply
    to the result.
    """

    protocol = "flaky"
    store = {}
    pseudo_dirs = [""]
    faults = {}
    calls = Counter()

    @classmethod
    def _strip_protocol(cls, path):
        return "/" + path.removeprefix("flaky://").strip("/")

    def _act(self, name, *args, **kwargs):
        self.calls[name] += 1
        fault = self.faults[name].pop(0) if self.faults.get(name) else None
        if isinstance(fault, Exception):
            raise fault
        result = getattr(super(), name)(*args, **kwargs)
        return fault(result) if fault else result

    def cat_file(self, *args, **kwargs):
        return self._act("cat_file", *args, **kwargs)

    def pipe_file(self, *args, **kwargs):
        return self._act("pipe_file", *args, **kwargs)

    def info(self, *args, **kwargs):
        return self._act("info", *args, **kwargs)

    def rm_file(self, *args, **kwargs):
        return self._act("rm_file", *args, **kwargs)

    def ls(self, *args, **kwargs):
        return self._act("ls", *args, **kwargs)

    def glob(self, *args, **kwargs):
        return self._act("glob", *args, **kwargs)

    def open(self, *args, **kwargs):
        return self._act("open", *args, **kwargs)


@pytest.fixture
def flaky(tmp_path):
    """The class of the store at `flaky://`, which is empty."""
    fsspec.register_implementation("flaky", Flaky, clobber=True)
    Flaky.store.clear()
    Flaky.faults.clear()
    Flaky.calls.clear()
    return Flaky


@pytest.fixture
def cache(tmp_path):
    """An empty cache of 100 bytes."""
    return InputCache(tmp_path / "cache", max_bytes=100)


@pytest.fixture
def without_root():
    """A process that file permissions apply to, even where the tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No waits, and structlog's default configuration, which an earlier study may have changed."""
    structlog.reset_defaults()
    monkeypatch.setattr("job.storage.retry.FIRST_WAIT_S", 0.0)
