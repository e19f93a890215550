"""The gathering step waits until the store has the plan and its parts, or the word of workers that ended for good."""

import json
from types import SimpleNamespace

import pytest

from job.audit import wait
from job.audit.workers import RETRY_S
from job.errors import JobError, MachineError, WeightsError
from job.results import summary
from job.results.store import Results
from tests.cases import medsam_job, use_fake_models, write_generated
from tests.models.fake import FakeModel


@pytest.fixture
def spec(tmp_path, monkeypatch):
    use_fake_models(monkeypatch)
    return write_generated(tmp_path)


@pytest.fixture
def meanwhile(monkeypatch):
    """Let the clock be one that only sleeps advance, and call one of these functions in each pause, in order."""
    pauses_s = []

    def meanwhile(*calls):
        left = list(calls)

        def sleep(seconds):
            pauses_s.append(seconds)
            return left.pop(0)() if left else pytest.fail("waits for nothing")

        monkeypatch.setattr(wait, "time", SimpleNamespace(monotonic=lambda: sum(pauses_s), sleep=sleep))
        return pauses_s

    return meanwhile


def test_it_waits_for_the_plan_and_for_every_part(spec, tmp_path, monkeypatch, meanwhile):
    """It may start before the workers."""
    meanwhile(*(lambda i=i: medsam_job(monkeypatch, spec, "--shard", f"{i}/2") for i in range(2)))
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait") == 0
    assert (tmp_path / "results/summary/task_scores.csv").exists()


def test_it_does_not_wait_for_a_chunk_that_failed(spec, monkeypatch, meanwhile):
    """Its exit code is 3. The first chunk succeeds, or the worker would end for good."""

    class Broken(FakeModel):
        calls = 0

        def predict(self, requests):
            Broken.calls += 1
            if Broken.calls > 1:
                raise RuntimeError("always")
            return super().predict(requests)

    use_fake_models(monkeypatch, Broken)
    meanwhile(lambda: medsam_job(monkeypatch, spec, "--shard", "0/1"))
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait") == 3


def test_it_ends_with_the_workers_that_ended_for_good(spec, tmp_path, monkeypatch, meanwhile, capfd):
    """It names them and computes from what is stored; its exit code is 3."""
    (tmp_path / "results").mkdir()

    def refused():
        with monkeypatch.context() as patch:
            patch.setattr("job.worker.run.load_models", damaged)
            assert medsam_job(patch, spec, "--shard", "1/2") == 2

    def damaged(*arguments):
        raise WeightsError("sam.pth: damaged")

    meanwhile(lambda: medsam_job(monkeypatch, spec, "--shard", "0/2"), refused)
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait") == 3
    out = capfd.readouterr().out
    assert "Only 2 of 4 parts are done." in out
    assert "Worker 1 of 2 ended with 2 at" in out
    assert "sam.pth: damaged" in out


def test_a_worker_on_a_bad_machine_has_half_an_hour_to_begin_on_another(spec, monkeypatch, meanwhile):
    """The time counts from when its word is first seen. If it begins again, its parts are waited for."""

    def failed():
        with monkeypatch.context() as patch:
            patch.setattr("job.cli.predict.check_device", unusable)
            assert medsam_job(patch, spec, "--shard", "1/2") == 4

    def unusable(execution):
        raise MachineError("device: none")

    nothing = lambda: None  # noqa: E731
    pauses_s = meanwhile(lambda: medsam_job(monkeypatch, spec, "--shard", "0/2"), failed, *[nothing] * 100)
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait") == 3
    assert RETRY_S <= sum(pauses_s) <= RETRY_S + 2 * wait.LONGEST_PAUSE_S


def test_a_worker_that_begins_again_is_waited_for(spec, monkeypatch, meanwhile):
    """Its new word takes the place of the old one."""

    def failed():
        with monkeypatch.context() as patch:
            patch.setattr("job.cli.predict.check_device", unusable)
            medsam_job(patch, spec, "--shard", "1/2")

    def unusable(execution):
        raise MachineError("device: none")

    shards = [lambda i=i: medsam_job(monkeypatch, spec, "--shard", f"{i}/2") for i in range(2)]
    meanwhile(shards[0], failed, lambda: None, shards[1])
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait") == 0


def test_it_does_not_wait_for_a_plan_that_no_worker_will_store(spec, monkeypatch, meanwhile, capfd):
    """While one of two may still plan, it waits. The error has each worker's reason."""

    def refused(index):
        with monkeypatch.context() as patch:
            patch.setattr("job.cli.predict.settle", missing)
            assert medsam_job(patch, spec, "--shard", f"{index}/2") == 2

    def missing(*arguments, **options):
        raise JobError("no file matches")

    pauses_s = meanwhile(lambda: refused(0), lambda: refused(1))
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait") == 2
    assert len(pauses_s) == 2
    err = capfd.readouterr().err
    assert "no worker stored the plan" in err
    assert "Worker 0 of 2 ended with 2" in err
    assert "Worker 1 of 2 ended with 2" in err


def test_after_the_time_it_computes_from_what_is_stored(spec, monkeypatch, capfd):
    """It says how much that is; its exit code is 3."""
    medsam_job(monkeypatch, spec, "--shard", "0/2")
    capfd.readouterr()
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait", "--wait-minutes", "0") == 3
    shown = capfd.readouterr()
    assert "Only 2 of 4 parts are done." in shown.out
    assert json.loads(shown.err.splitlines()[0])["done"] == 2


def test_without_a_plan_it_ends_with_an_error_that_says_what_to_do(spec, monkeypatch, capfd):
    """No worker has begun."""
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--wait", "--wait-minutes", "0") == 2
    assert "holds no plan of this spec" in capfd.readouterr().err


def test_a_run_that_predicts_cannot_wait(spec, monkeypatch, capfd):
    """It would wait for itself."""
    assert medsam_job(monkeypatch, spec, "--wait") == 2
    assert "--only statistics" in capfd.readouterr().err


def test_pauses_grow_from_one_second_to_half_a_minute(tmp_path, meanwhile):
    """Each is half as long again as the one before; the last one ends when the time is over."""
    pauses_s = meanwhile(*[lambda: None] * 12)
    assert wait.wait_for_plan(Results(str(tmp_path)), ["0" * 24], limit_s=150) is None
    growing = [1.5**n for n in range(9)]  # 1, 1.5, … 25.6
    assert pauses_s == pytest.approx([*growing, 30, 30, 150 - sum(growing) - 60])


def test_a_plan_that_is_stored_is_not_waited_for(spec, tmp_path, monkeypatch, meanwhile):
    """There is no pause."""
    assert medsam_job(monkeypatch, "plan", spec, "--store") == 0
    pauses_s = meanwhile()
    results = Results(str(tmp_path / "results"))
    current = summary.current_plan(results.output)
    assert wait.wait_for_plan(results, [current], limit_s=60).spec == current
    assert pauses_s == []
