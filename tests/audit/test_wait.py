"""The gathering step waits for the workers, through the store alone."""

import json

import pytest

from job.audit import wait
from tests.cases import medsam_job, use_fake_models, write_generated
from tests.models.fake import FakeModel


@pytest.fixture
def spec(tmp_path, monkeypatch):
    use_fake_models(monkeypatch)
    return write_generated(tmp_path)


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen in each pause of the waiting."""

    def plan(*happenings):
        left = list(happenings)
        monkeypatch.setattr(wait.time, "sleep", lambda _: left.pop(0)() if left else pytest.fail("waits for nothing"))

    return plan


def test_it_waits_for_the_plan_and_for_every_part(spec, tmp_path, monkeypatch, meanwhile):
    """It may well start first."""
    meanwhile(*(lambda i=i: medsam_job(monkeypatch, spec, "--shard", f"{i}/2") for i in range(2)))
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait") == 0
    assert (tmp_path / "results/summary/task_scores.csv").exists()


def test_it_does_not_wait_for_a_chunk_that_failed(spec, monkeypatch, meanwhile):
    """It says so by its exit code."""

    class Broken(FakeModel):
        def predict(self, requests):
            raise RuntimeError("always")

    use_fake_models(monkeypatch, Broken)
    meanwhile(lambda: medsam_job(monkeypatch, spec, "--shard", "0/1"))
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait") == 3


def test_when_the_time_is_over_it_computes_from_what_is_there(spec, monkeypatch, capfd):
    """And says how much that is, with the exit code for errors."""
    medsam_job(monkeypatch, spec, "--shard", "0/2")
    capfd.readouterr()
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait", "--wait-minutes", "0") == 3
    shown = capfd.readouterr()
    assert "Only 2 of 4 parts are done." in shown.out
    assert json.loads(shown.err.splitlines()[0])["done"] == 2


def test_without_any_worker_it_ends_with_what_to_do(spec, monkeypatch, capfd):
    """Nothing was ever planned."""
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait", "--wait-minutes", "0") == 2
    assert "holds no plan of this spec" in capfd.readouterr().err


def test_waiting_and_predicting_do_not_go_together(spec, monkeypatch, capfd):
    """A worker that waits for itself would wait for ever."""
    assert medsam_job(monkeypatch, spec, "--wait") == 2
    assert "--only statistics" in capfd.readouterr().err
