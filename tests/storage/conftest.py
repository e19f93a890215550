"""A store that fails as it is told, and no waiting between attempts."""

from collections import Counter

import fsspec
import pytest
import structlog
from fsspec.implementations.memory import MemoryFileSystem


class Flaky(MemoryFileSystem):
    """Keeps files in memory. `faults`: by operation, what its next calls do: errors to raise, or functions to apply.

    A function gets what the operation gave, and gives what the caller gets instead.
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

    def glob(self, *args, **kwargs):
        return self._act("glob", *args, **kwargs)

    def open(self, *args, **kwargs):
        return self._act("open", *args, **kwargs)


@pytest.fixture
def flaky(tmp_path):
    """The class of an empty store at `flaky://`."""
    fsspec.register_implementation("flaky", Flaky, clobber=True)
    Flaky.store.clear()
    Flaky.faults.clear()
    Flaky.calls.clear()
    return Flaky


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No waits; and logs as they are by default, for a study that ran before has set them up for its own output."""
    structlog.reset_defaults()
    monkeypatch.setattr("job.storage.retry.FIRST_WAIT_S", 0.0)
