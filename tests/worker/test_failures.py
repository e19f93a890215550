"""A chunk that fails is tried once more; if it fails again, this is recorded and the study goes on."""

import json

import pyarrow.parquet as pq
import pytest
import torch

from job.models import registry
from tests.cases import GENERATED, medsam_job, use_fake_models, write_generated
from tests.models.fake import FakeModel

TWO_MODELS = GENERATED.replace("prompts:", "  - {{name: other, family: lite_medsam_clicks}}\nprompts:")


class Failing(FakeModel):
    """Fails in some of its calls of predict, counted from 1."""

    calls = 0
    failures = ()

    def predict(self, requests):
        type(self).calls += 1
        if self.calls in self.failures:
            raise RuntimeError("a kernel of the model failed")
        return super().predict(requests)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a study with a model that fails in some of its calls."""
    spec = write_generated(tmp_path)

    def go(failures=(), *arguments):
        class Model(Failing):
            pass

        Model.failures = failures
        use_fake_models(monkeypatch, Model)
        return medsam_job(monkeypatch, spec, *arguments)

    return go


def rows(folder):
    scores = pq.read_table(folder / "results/iou").to_pylist()
    return sorted(scores, key=lambda row: json.dumps(list(row.values())[:11]))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The rows of a run in which nothing fails."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        assert medsam_job(patch, write_generated(folder), "--only", "predict") == 0
    return rows(folder)


def test_a_chunk_that_fails_once_is_tried_again(run, tmp_path, undisturbed, capfd):
    """Its rows are those of an undisturbed run. The log has the traceback."""
    assert run([2], "--only", "predict") == 0
    assert rows(tmp_path) == undisturbed
    assert not (tmp_path / "results/failed").exists()
    log = capfd.readouterr().err
    assert "trying once more" in log
    assert "Traceback" in log


def test_a_chunk_that_fails_twice_is_recorded_and_the_study_goes_on(run, tmp_path, undisturbed, capfd):
    """Every other chunk is done. The exit code and the summary say that one is missing."""
    assert run([2, 3]) == 3
    (path,) = (tmp_path / "results/failed").iterdir()
    record = json.loads(path.read_text())
    assert path.name == f"{record['chunk']}.failed.json"
    assert record["failed"] == {"lite": "RuntimeError: a kernel of the model failed"}
    stored = {row["image"] for row in rows(tmp_path)}
    assert stored
    assert set(record["images"]) == {row["image"] for row in undisturbed} - stored != set()
    printed = " ".join(capfd.readouterr().out.split())
    assert "1 chunk failed twice. Run the study again to retry." in printed
    assert (
        f"- lite: RuntimeError: a kernel of the model failed (1 chunk, such as that of {record['images'][0]})"
        in printed
    )


def test_status_counts_a_failed_chunk_and_verify_names_it(run, tmp_path, monkeypatch, capfd):
    """Its parts are missing."""
    run([2, 3], "--only", "predict")
    capfd.readouterr()
    medsam_job(monkeypatch, "status", tmp_path / "results", "--format", "json")
    assert json.loads(capfd.readouterr().out) == {"model": "lite", "planned": 4, "done": 3, "partial": 0, "failed": 1}
    medsam_job(monkeypatch, "status", tmp_path / "results")
    assert "- lite: RuntimeError: a kernel of the model failed (1 chunk, such as" in capfd.readouterr().out
    assert medsam_job(monkeypatch, "verify", tmp_path / "results") == 3
    assert "failed twice; the file says why" in capfd.readouterr().out


def test_a_long_reason_is_one_short_line(run, tmp_path, monkeypatch, capfd):
    """Libraries explain themselves over many lines; the record has them all."""
    run([2, 3], "--only", "predict")
    (path,) = (tmp_path / "results/failed").iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"failed": {"lite": "first line\nsecond " + "x" * 999}}))
    capfd.readouterr()
    medsam_job(monkeypatch, "status", tmp_path / "results")
    (line,) = [line for line in capfd.readouterr().out.splitlines() if line.startswith("- lite: ")]
    assert line.startswith("- lite: first line second xxx")
    assert "x… (1 chunk, such as that of " in line
    assert len(line) < 500


def test_a_later_run_tries_a_failed_chunk_again(run, tmp_path, undisturbed):
    """It deletes the record of the failure."""
    assert run([2, 3], "--only", "predict") == 3
    assert run((), "--only", "predict") == 0
    assert rows(tmp_path) == undisturbed
    assert not list((tmp_path / "results/failed").iterdir())


def test_a_shard_with_a_failed_chunk_ends_with_0(run):
    """The gathering step can then start, and reports the failure."""
    assert run([2, 3], "--shard", "0/2") == 0
    assert run([], "--shard", "1/2") == 0
    assert run([], "--only", "statistics") == 3


def test_a_model_that_fails_does_not_stop_another(tmp_path, monkeypatch):
    """Each model of a chunk has attempts of its own."""

    def build(spec, *_):
        model = FakeModel(registry.capabilities(spec))
        if spec.name == "lite":
            model.predict = None
        return model

    monkeypatch.setattr(registry, "build", build)
    assert medsam_job(monkeypatch, write_generated(tmp_path, TWO_MODELS), "--only", "predict") == 3
    assert {row["model"] for row in rows(tmp_path)} == {"other"}


def test_the_first_failure_ends_the_run_on_request(run, tmp_path):
    """It is raised with its traceback, and not recorded."""
    with pytest.raises(RuntimeError, match="a kernel of the model failed"):
        run([2], "--fail-fast")
    assert not (tmp_path / "results/failed").exists()


class Small(FakeModel):
    """Has memory for four images, and for three requests at a time."""

    def encode(self, images):
        if len(images) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().encode(images)

    def predict(self, requests):
        if len(requests) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().predict(requests)


def test_out_of_memory_halves_the_batch_of_the_part(tmp_path, monkeypatch, undisturbed, capfd):
    """The whole part is evaluated again; its footer has the batch size, and the log has one line."""
    use_fake_models(monkeypatch, Small)
    assert medsam_job(monkeypatch, write_generated(tmp_path), "--only", "predict") == 0
    assert [row["iou"] for row in rows(tmp_path)] == [row["iou"] for row in undisturbed]
    (file, *_) = (tmp_path / "results/iou").iterdir()
    assert json.loads(pq.read_schema(file).metadata[b"medsam_job"])["batch"] == 2
    assert capfd.readouterr().err.count("going on at half the size") == 1
