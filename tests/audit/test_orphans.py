"""Files that nothing names are listed by `plan`, and deleted by `plan --prune`; nothing else ever is."""

import json
import os

import pytest

from tests.cases import medsam_job, use_fake_models, write_generated


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A study that ran."""
    use_fake_models(monkeypatch)
    spec = write_generated(tmp_path)
    assert medsam_job(monkeypatch, spec) == 0
    return spec


@pytest.fixture
def plan(spec, monkeypatch, capfd):
    """Ask for the plan's figures."""

    def ask(*arguments):
        capfd.readouterr()
        assert medsam_job(monkeypatch, "plan", spec, "--format", "json", *arguments) == 0
        return json.loads(capfd.readouterr().out)

    return ask


def files(folder):
    return {path for path in (folder / "results").rglob("*") if path.is_file()}


def test_a_study_that_ran_has_no_strays(plan):
    """Every file is named by the plan, or by a footer."""
    assert plan()["orphans"] == []


def test_what_no_plan_names_is_listed_and_deleted(plan, tmp_path):
    """A part of inputs that are gone, predictions of a worker that came second."""
    before = files(tmp_path)
    iou, predictions = (sorted((tmp_path / "results" / table).iterdir())[0] for table in ("iou", "predictions"))
    part = predictions.name.split("-")[0]
    strays = [tmp_path / f"results/iou/{'0' * 24}.parquet", predictions.with_name(f"{part}-{'0' * 16}.parquet")]
    for stray in strays:
        stray.write_bytes(iou.read_bytes())
    assert plan()["orphans"] == [f"{stray.parent.name}/{stray.name}" for stray in strays]
    assert files(tmp_path) == before | set(strays)
    assert len(plan("--prune")["orphans_deleted"]) == 2
    assert files(tmp_path) == before


def test_parts_of_another_stored_plan_are_kept(plan, spec, monkeypatch, tmp_path):
    """A shorter run in the same output is not lost to the pruning of the full one."""
    assert medsam_job(monkeypatch, spec, "--limit", "3") == 0
    before = files(tmp_path)
    assert plan("--prune")["orphans_deleted"] == []
    assert files(tmp_path) == before


def test_predictions_that_a_worker_may_be_about_to_name_are_kept(plan, tmp_path):
    """They are written before their part."""
    part = sorted((tmp_path / "results/iou").iterdir())[0]
    part.unlink()
    before = files(tmp_path)
    assert plan("--prune")["orphans_deleted"] == []
    assert files(tmp_path) == before


def test_predictions_that_make_a_partial_part_whole_are_kept(plan, tmp_path):
    """Its worker has stored them, and not yet the part."""
    full = sorted((tmp_path / "results/iou").iterdir())[0]
    full.rename(full.with_name(f"{full.stem}.partial.parquet"))
    (predictions,) = (tmp_path / "results/predictions").glob(f"{full.stem}-*")
    predictions.with_name(f"{full.stem}-{'0' * 16}.parquet").write_bytes(predictions.read_bytes())
    before = files(tmp_path)
    assert plan("--prune")["orphans_deleted"] == []
    assert files(tmp_path) == before


def test_a_partial_part_beside_the_full_one_is_a_stray(plan, tmp_path):
    """It has done its service."""
    full = sorted((tmp_path / "results/iou").iterdir())[0]
    full.with_name(f"{full.stem}.partial.parquet").write_bytes(full.read_bytes())
    assert plan("--prune")["orphans_deleted"] == [f"iou/{full.stem}.partial.parquet"]


def test_halves_of_files_are_strays_once_their_writer_must_be_gone(plan, tmp_path):
    """A process that was killed leaves them; one that writes at this moment needs its own."""
    old, new = (tmp_path / f"results/iou/.writing-{name}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert plan("--prune")["orphans_deleted"] == ["iou/.writing-old"]
    assert new.exists()


def test_a_stray_part_counts_for_nothing(spec, monkeypatch, tmp_path, capfd):
    """Rows are those of the parts that the plan names."""

    def count():
        capfd.readouterr()
        medsam_job(monkeypatch, "sql", tmp_path / "results", "SELECT count(*) AS n FROM iou", "--format", "json")
        return json.loads(capfd.readouterr().out)["n"]

    before = count()
    part = sorted((tmp_path / "results/iou").iterdir())[0]
    part.with_name(f"{'0' * 24}.parquet").write_bytes(part.read_bytes())
    assert before == count() > 0
