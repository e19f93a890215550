"""`plan` lists the files that no plan needs, and `plan --prune` deletes them and no others."""

import json
import os
import time

import pytest

from tests.cases import GENERATED, medsam_job, use_fake_models


@pytest.fixture
def spec(tmp_path, monkeypatch, ran):
    """The spec of a study that ran."""
    use_fake_models(monkeypatch)
    return ran(tmp_path, GENERATED)


@pytest.fixture
def plan(spec, monkeypatch, capfd):
    """Return the figures of the plan."""

    def plan(*arguments):
        capfd.readouterr()
        assert medsam_job(monkeypatch, "plan", spec, "--format", "json", *arguments) == 0
        return json.loads(capfd.readouterr().out)

    return plan


def files(folder):
    return {path for path in (folder / "results").rglob("*") if path.is_file()}


def test_a_study_that_ran_has_no_orphans(plan):
    """Every file is named by the plan or by a footer."""
    assert plan()["orphans"] == []


def test_files_that_no_plan_names_are_listed_and_deleted(plan, tmp_path):
    """Here a part of inputs that are gone, and predictions of a worker that was second."""
    before = files(tmp_path)
    iou, predictions = (sorted((tmp_path / "results" / table).iterdir())[0] for table in ("iou", "predictions"))
    part = predictions.name.split("-")[0]
    orphans = [tmp_path / f"results/iou/{'0' * 24}.parquet", predictions.with_name(f"{part}-{'0' * 16}.parquet")]
    for orphan in orphans:
        orphan.write_bytes(iou.read_bytes())
    assert plan()["orphans"] == [f"{orphan.parent.name}/{orphan.name}" for orphan in orphans]
    assert files(tmp_path) == before | set(orphans)
    assert len(plan("--prune")["orphans_deleted"]) == 2
    assert files(tmp_path) == before


def test_parts_of_another_stored_plan_are_kept(plan, spec, monkeypatch, tmp_path):
    """A limited run in the same output is not deleted by the pruning of the full one."""
    assert medsam_job(monkeypatch, spec, "--limit", "3", "--only", "predict") == 0
    before = files(tmp_path)
    assert plan("--prune")["orphans_deleted"] == []
    assert files(tmp_path) == before


def test_predictions_of_a_part_that_is_not_stored_are_kept(plan, tmp_path):
    """A worker stores them before the part that names them."""
    part = sorted((tmp_path / "results/iou").iterdir())[0]
    part.unlink()
    before = files(tmp_path)
    assert plan("--prune")["orphans_deleted"] == []
    assert files(tmp_path) == before


def test_predictions_that_complete_a_partial_part_are_kept(plan, tmp_path):
    """A worker has stored them, and not yet the full part."""
    full = sorted((tmp_path / "results/iou").iterdir())[0]
    full.rename(full.with_name(f"{full.stem}.partial.parquet"))
    (predictions,) = (tmp_path / "results/predictions").glob(f"{full.stem}-*")
    predictions.with_name(f"{full.stem}-{'0' * 16}.parquet").write_bytes(predictions.read_bytes())
    before = files(tmp_path)
    assert plan("--prune")["orphans_deleted"] == []
    assert files(tmp_path) == before


def test_a_partial_part_beside_the_full_one_is_an_orphan(plan, tmp_path):
    """The full one is used instead."""
    full = sorted((tmp_path / "results/iou").iterdir())[0]
    full.with_name(f"{full.stem}.partial.parquet").write_bytes(full.read_bytes())
    assert plan("--prune")["orphans_deleted"] == [f"iou/{full.stem}.partial.parquet"]


def test_an_unfinished_file_is_an_orphan_after_an_hour(plan, tmp_path):
    """A worker that was killed leaves it; a worker that is writing needs its own."""
    old, new = (tmp_path / f"results/iou/.writing-{name}" for name in ("old", "new"))
    for path, minutes in ((old, 61), (new, 59)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - 60 * minutes,) * 2)
    assert plan("--prune")["orphans_deleted"] == ["iou/.writing-old"]
    assert new.exists()


def test_an_orphan_has_no_rows(spec, monkeypatch, tmp_path, capfd):
    """Queries read only the parts that the plan names."""

    def count():
        capfd.readouterr()
        medsam_job(monkeypatch, "sql", tmp_path / "results", "SELECT count(*) AS n FROM iou", "--format", "json")
        return json.loads(capfd.readouterr().out)["n"]

    before = count()
    part = sorted((tmp_path / "results/iou").iterdir())[0]
    part.with_name(f"{'0' * 24}.parquet").write_bytes(part.read_bytes())
    assert before == count() > 0


def test_the_record_of_a_failed_chunk_that_no_plan_names_is_an_orphan(plan, tmp_path):
    """That of a planned chunk is kept."""
    chunk = sorted((tmp_path / "results/objects").iterdir())[0].stem
    (tmp_path / "results/failed").mkdir()
    for name in (chunk, "0" * 24):
        (tmp_path / f"results/failed/{name}.failed.json").write_text("{}")
    assert plan("--prune")["orphans_deleted"] == [f"failed/{'0' * 24}.failed.json"]
    assert (tmp_path / f"results/failed/{chunk}.failed.json").exists()
