"""`medsam-job plan` shows what a run would do; `--store` stores the plan for shards."""

import json

import pytest

from job.results.begun import Marks
from job.results.store import Results
from tests.cases import GENERATED, medsam_job, use_fake_models, write_generated, write_study
from tests.models.fake import FakeModel


@pytest.fixture
def job(monkeypatch, capfd):
    """Return a function that runs the command line with quick models and returns its output."""
    use_fake_models(monkeypatch)

    def go(*arguments, code=0):
        capfd.readouterr()
        assert medsam_job(monkeypatch, *arguments) == code
        return capfd.readouterr().out

    return go


@pytest.fixture
def printed(job):
    """Return a function that returns the lines of a plan as pairs of name and value."""
    return lambda spec, *arguments: {
        line[:17].rstrip(): line[17:].strip() for line in job("plan", spec, *arguments).splitlines()
    }


@pytest.fixture
def figures(job):
    """Return a function that returns the figures of a plan."""
    return lambda spec, *arguments: json.loads(job("plan", spec, "--format", "json", *arguments))


def test_showing_a_plan_does_not_store_it(figures, tmp_path):
    """It changes nothing in the output."""
    assert figures(write_generated(tmp_path))["plan_stored"] == "no"
    assert not (tmp_path / "results").exists()


def test_a_plan_is_printed_as_study_then_work_then_conditions_then_orphans(printed, tmp_path):
    """Twelve slices, two tasks and two modes are 48 episodes."""
    lines = printed(write_generated(tmp_path))
    plan = lines.pop("plan")
    assert len(plan) == 24
    assert list(lines.items()) == [
        ("study", "generated"),
        ("output", str(tmp_path / "results")),
        ("plan stored", "no"),
        ("raw slices", "12"),
        ("chunks", "4"),
        ("chunks left", "4"),
        ("chunks failed", "0"),
        ("parts", "4"),
        ("parts left", "4"),
        ("episodes at most", "lite 48"),
        ("precision", "fp32"),
        ("batch", "32"),
        ("orphans", "none"),
    ]


def test_each_seed_has_its_own_parts_and_episodes(figures, tmp_path):
    """Three seeds are three times the parts, in the same chunks."""
    spec = write_generated(tmp_path)
    spec.write_text(spec.read_text() + "seeds: [1, 2, 3]\n")
    plan = figures(spec)
    assert (plan["chunks"], plan["parts"], plan["episodes_at_most"]) == (4, 12, {"lite": 144})


def test_a_limit_is_another_plan(figures, tmp_path):
    """Of the slices that it leaves."""
    spec = write_generated(tmp_path)
    limited = figures(spec, "--limit", 3)
    assert limited["raw_slices"] == 3
    assert limited["plan"] != figures(spec)["plan"]


def test_orphans_are_listed_and_deleted_only_on_request(job, printed, ran, tmp_path):
    """By folder and name."""
    spec = ran(tmp_path, GENERATED)
    orphan = tmp_path / "results/iou/orphan.parquet"
    orphan.write_bytes(b"")
    assert printed(spec)["orphans"] == "1 (files that no plan names)"
    assert "  iou/orphan.parquet\n" in job("plan", spec)
    assert orphan.exists()
    assert printed(spec, "--prune")["orphans deleted"] == "1 (files that no plan names)"
    assert not orphan.exists()
    lines = printed(spec)
    assert (lines["orphans"], lines["plan stored"], lines["parts left"]) == ("none", "yes", "0")


def test_the_chunks_left_are_listed_by_index(figures, job, tmp_path):
    """A submitter computes from them which shards have work."""
    spec = write_study(tmp_path, cases=7)
    spec.write_text(spec.read_text().replace("chunk: 4", "chunk: 1"))
    assert figures(spec)["left"] == list(range(7))
    job(spec, "--shard", "1/3")
    assert figures(spec)["left"] == [0, 2, 3, 5, 6]


def test_shards_use_added_inputs_after_the_plan_is_stored_again(figures, job, tmp_path):
    """All shards run the stored plan; `plan` says that it is older than the inputs."""
    spec = write_study(tmp_path, cases=2)
    job(spec, "--shard", "0/1")
    write_study(tmp_path, cases=3)
    assert figures(spec)["plan_stored"] == "an older one, from before inputs changed; --store replaces it"
    assert figures(spec, "--store")["plan_stored"] == "yes"
    job(spec, "--shard", "0/1")
    assert figures(spec)["parts_left"] == 0


def test_storing_a_plan_clears_the_records_of_failed_chunks(figures, job, monkeypatch, tmp_path):
    """A gathering step that starts with the next round would otherwise not wait for them."""

    class Broken(FakeModel):
        def predict(self, requests):
            raise RuntimeError("always")

    spec = write_generated(tmp_path)
    use_fake_models(monkeypatch, Broken)
    job(spec, "--shard", "0/1", code=3)
    assert figures(spec)["chunks_failed"] > 0
    assert figures(spec, "--store")["chunks_failed"] == 0


def test_storing_a_plan_clears_the_marks_of_chunks_that_killed_their_workers(figures, job, tmp_path):
    """They would be given up in the next round, although it may have more memory. Other plans' marks stay."""
    spec = write_generated(tmp_path)
    figures(spec, "--store")
    (plan,) = (tmp_path / "results/plan").iterdir()
    chunk = json.loads(plan.read_text())["chunks"][0]["name"]
    results = Results(str(tmp_path / "results"))
    for name in (chunk, chunk, "f" * 24):
        Marks(results).begin(name)
    figures(spec)
    assert Marks(results).attempts(chunk) == 2
    figures(spec, "--store")
    assert Marks(results).found.keys() == {"f" * 24}
    job(spec, "--only", "predict")
    assert figures(spec)["parts_left"] == 0


def test_status_shows_the_plan_that_was_stored_last_unless_a_study_is_finished(figures, job, tmp_path):
    """The other one is shown by its name."""

    def done(*options):
        (model,) = job("status", tmp_path / "results", "--format", "json", *options).splitlines()
        return json.loads(model)["done"]

    spec = write_study(tmp_path, cases=2)
    job(spec, "--only", "predict")
    spec.write_text(spec.read_text().replace("seed: 3", "seed: 4"))
    second = figures(spec, "--store")["plan"]
    assert done() == 0
    job(spec)
    spec.write_text(spec.read_text().replace("seed: 4", "seed: 5"))
    third = figures(spec, "--store")["plan"]
    assert done() == done("--plan", second[:6]) == 1
    assert done("--plan", third) == 0


def test_a_study_for_a_gpu_can_be_planned_without_one(figures, job, tmp_path):
    """The machine that submits a job needs no GPU; a run does."""
    spec = write_generated(tmp_path)
    spec.write_text(spec.read_text().replace("device: cpu", "device: cuda, precision: fp16"))
    assert figures(spec)["parts_left"] > 0
    job(spec, code=4)
