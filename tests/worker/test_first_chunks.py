"""A run whose first chunks all fail ends at once, and not as if it had worked."""

from dataclasses import dataclass

import pytest
import torch

from job.errors import MachineError, NothingDoneError
from job.worker.attempts import Attempts
from job.worker.first_chunks import FirstChunks
from tests.cases import GENERATED, medsam_job, use_fake_models, write_generated
from tests.models.fake import FakeModel


@dataclass(frozen=True)
class Chunk:
    """As much of a chunk as is looked at."""

    name: str


CHUNKS = [Chunk(name) for name in "abcde"]


def failed(by_machine=False):
    """Return the attempts at a chunk that failed."""
    return Attempts(False, lambda: None, {"sam": "E: why"}, {"sam"} if by_machine else set())


def succeeded():
    """Return the attempts at a chunk that is done."""
    return Attempts(False, lambda: None)


def note(first, *ends):
    """Note the ends of the first chunks; those that failed have stored nothing."""
    for chunk, attempts in zip(CHUNKS, ends, strict=False):
        first.note(chunk, attempts, stored=not attempts.failed)


def test_three_failures_end_the_run():
    """The error has every chunk, step and reason."""
    first = FirstChunks.of(CHUNKS, CHUNKS, ())
    note(first, failed(), failed())
    with pytest.raises(
        NothingDoneError, match=r"(?s)the first 3 chunks failed .*\n  a: sam: E: why\n  b: .*\n  c: "
    ) as e:
        first.note(CHUNKS[2], failed(), stored=False)
    assert e.value.exit_code == 3


@pytest.mark.parametrize(
    ("ends", "error"),
    [([True, True, True], MachineError), ([True, False, True], NothingDoneError)],
    ids=["all", "two of three"],
)
def test_the_error_is_the_machines_if_every_failure_is(ends, error):
    """Otherwise another machine would fail too."""
    with pytest.raises(error):
        note(FirstChunks.of(CHUNKS, CHUNKS, ()), *map(failed, ends))


@pytest.mark.parametrize("position", [0, 1, 2])
def test_one_success_among_the_first_is_enough(position):
    """Whatever fails after it."""
    ends = [failed()] * 5
    ends[position] = succeeded()
    note(FirstChunks.of(CHUNKS, CHUNKS, ()), *ends)


def test_a_chunk_that_stored_a_part_succeeded():
    """Although another model failed."""
    first = FirstChunks.of(CHUNKS, CHUNKS, ())
    for chunk in CHUNKS:
        first.note(chunk, failed(), stored=True)


def test_a_share_of_fewer_chunks_ends_when_all_have_failed():
    """A small worker does not end with 0 either, if it stored nothing."""
    with pytest.raises(NothingDoneError, match="the first 2 chunks failed"):
        note(FirstChunks.of(CHUNKS[:2], CHUNKS[:2], ()), failed(), failed())


def test_the_last_chunks_of_a_share_may_fail():
    """The others of the share are stored by an earlier run."""
    note(FirstChunks.of(CHUNKS, CHUNKS[:2], ()), failed(), failed())


def test_chunks_that_failed_before_do_not_end_the_next_run():
    """It would never reach the others."""
    note(FirstChunks.of(CHUNKS, CHUNKS, {"a", "b", "c"}), *[failed()] * 5)
    first = FirstChunks.of(CHUNKS, CHUNKS, {"a", "b"})
    note(first, *[failed()] * 4)
    with pytest.raises(NothingDoneError, match="the first 3 chunks failed"):
        first.note(CHUNKS[4], failed(), stored=False)


class Lost(FakeModel):
    """Runs on a device that fails at every kernel."""

    def predict(self, requests):
        raise RuntimeError("CUDA error: an illegal instruction was encountered")


class Wrong(FakeModel):
    """Has a defect."""

    def predict(self, requests):
        raise ValueError("a defect")


@pytest.mark.parametrize(("model", "code"), [(Lost, 4), (Wrong, 3)])
@pytest.mark.parametrize("arguments", [(), ("--shard", "0/1")], ids=["alone", "shard"])
def test_a_run_ends_with_the_code_of_its_first_failures(tmp_path, monkeypatch, capfd, model, code, arguments):
    """After three of four chunks; their reasons are stored. A shard too does not end with 0."""
    use_fake_models(monkeypatch, model)
    spec = write_generated(tmp_path, GENERATED.replace("slices: 2", "slices: 1").replace("chunk: 4", "chunk: 1"))
    assert medsam_job(monkeypatch, spec, *arguments) == code
    assert len(list((tmp_path / "results/failed").iterdir())) == 3
    assert not (tmp_path / "results/iou").exists()
    assert "the first 3 chunks failed and nothing was stored" in capfd.readouterr().err


def test_a_failing_trial_ends_the_run_before_the_first_chunk(tmp_path, monkeypatch, capfd):
    """Nothing is evaluated."""

    def fail(device):
        raise MachineError("device: cuda cannot run a small forward pass")

    use_fake_models(monkeypatch)
    monkeypatch.setattr("job.worker.run.try_out", fail)
    assert medsam_job(monkeypatch, write_generated(tmp_path)) == 4
    assert "cannot run a small forward pass" in capfd.readouterr().err
    assert not (tmp_path / "results/objects").exists()


def test_too_little_memory_for_the_models_is_the_machines_fault(tmp_path, monkeypatch, capfd):
    """It is no defect of the checkpoint."""

    def build(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr("job.models.registry.build", build)
    assert medsam_job(monkeypatch, write_generated(tmp_path)) == 4
    assert "memory: cpu has too little to load the models (CUDA out of memory)" in capfd.readouterr().err
