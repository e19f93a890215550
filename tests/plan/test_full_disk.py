"""A full disk while a study is planned is a fault of the machine, and not of the line of the spec that is read."""

import pytest

from job.errors import DiskFullError, SpecError, StorageError
from job.plan import make, weights
from job.storage import InputCache
from job.study import loads
from tests.plan.small_spec import small_spec

PROMPTS = "prompts:\n  - {modes: [whole_box]}\n"


@pytest.mark.parametrize(("room", "reading"), [(weights, "local_checkpoint"), (make, "survey")])
@pytest.mark.parametrize(
    ("error", "expected"), [(DiskFullError("full"), DiskFullError), (StorageError("s"), SpecError)]
)
def test_only_a_full_disk_is_no_fault_of_the_spec(tmp_path, monkeypatch, room, reading, error, expected):
    """Both where checkpoints are hashed and where images are listed."""

    def fail(*arguments):
        raise error

    monkeypatch.setattr(weights, "local_checkpoint", lambda *arguments: tmp_path / "weights")
    (tmp_path / "weights").write_bytes(b"w")
    monkeypatch.setattr(room, reading, fail)
    with pytest.raises(expected):
        make.make(loads(small_spec(PROMPTS), "s.yaml"), InputCache(tmp_path, 10**9), None)
