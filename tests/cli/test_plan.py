"""`medsam-job plan` shows what a run would do; `--store` lets shards do just that."""

import json

import pytest

from tests.cases import medsam_job, use_fake_models, write_generated, write_study
from tests.models.fake import FakeModel


@pytest.fixture
def job(monkeypatch, capfd):
    """Run the program, with fake models; give what it printed."""
    use_fake_models(monkeypatch)

    def go(*arguments, code=0):
        capfd.readouterr()
        assert medsam_job(monkeypatch, *arguments) == code
        return capfd.readouterr().out

    return go


@pytest.fixture
def figures(job):
    """Give the figures of a plan."""
    return lambda spec, *arguments: json.loads(job("plan", spec, "--format", "json", *arguments))


def test_a_plan_that_is_shown_is_not_stored(figures, tmp_path):
    """Looking changes nothing."""
    assert figures(write_generated(tmp_path))["plan_stored"] == "no"
    assert not (tmp_path / "results").exists()


def test_the_chunks_left_are_told_by_their_places(figures, job, tmp_path):
    """So that a submitter can reckon which shards have work."""
    spec = write_study(tmp_path, cases=7)
    spec.write_text(spec.read_text().replace("chunk: 4", "chunk: 1"))
    assert figures(spec)["left"] == list(range(7))
    job(spec, "--shard", "1/3")
    assert figures(spec)["left"] == [0, 2, 3, 5, 6]


def test_shards_see_inputs_that_came_later_once_the_plan_is_stored_again(figures, job, tmp_path):
    """They keep to the stored plan, for all must work on the same; `plan` says that it is out of date."""
    spec = write_study(tmp_path, cases=2)
    job(spec, "--shard", "0/1")
    write_study(tmp_path, cases=3)
    assert figures(spec)["plan_stored"].startswith("before inputs changed")
    assert figures(spec, "--store")["plan_stored"] == "yes"
    job(spec, "--shard", "0/1")
    assert figures(spec)["parts_left"] == 0


def test_storing_forgets_which_chunks_failed(figures, job, monkeypatch, tmp_path):
    """Else a gathering step that starts with the next round would take them for settled."""

    class Broken(FakeModel):
        def predict(self, requests):
            raise RuntimeError("always")

    spec = write_generated(tmp_path)
    use_fake_models(monkeypatch, Broken)
    job(spec, "--shard", "0/1")
    assert figures(spec)["chunks_failed"] > 0
    assert figures(spec, "--store")["chunks_failed"] == 0


def test_status_looks_at_the_plan_that_was_begun_last(figures, job, tmp_path):
    """Not at that of the study that ended last in the same output."""
    spec = write_study(tmp_path, cases=2)
    job(spec)
    spec.write_text(spec.read_text().replace("seed: 3", "seed: 4"))
    figures(spec, "--store")
    (model,) = [json.loads(line) for line in job("status", tmp_path / "results", "--format", "json").splitlines()]
    assert (model["planned"] > 0, model["done"]) == (True, 0)


def test_a_study_for_a_gpu_can_be_planned_without_one(figures, job, tmp_path):
    """Where it is submitted from there is none; a run needs it."""
    spec = write_generated(tmp_path)
    spec.write_text(spec.read_text().replace("device: cpu", "device: cuda, precision: fp16"))
    assert figures(spec)["parts_left"] > 0
    job(spec, code=2)
