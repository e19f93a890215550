"""Damaged files of an output: the file and the way out, and what was deleted is made again."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cases import medsam_job, use_fake_models

TABLES = ["iou", "predictions", "objects", "excluded"]


@pytest.fixture
def study(tmp_path, monkeypatch, ran):
    """A finished study of one chunk; return its spec."""
    use_fake_models(monkeypatch)
    return ran(tmp_path, cases=2)


def only_file(spec, table):
    (file,) = (spec.parent / "results" / table).iterdir()
    return file


def cut(file):
    file.write_bytes(file.read_bytes()[:900])


def replace(file):
    pq.write_table(pa.table({"a": [1]}), file)


@pytest.mark.parametrize("damage", [cut, replace])
@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_file_is_named_with_the_way_out(study, monkeypatch, capfd, table, damage):
    """By the run and by a query; `verify` names it too."""
    file = only_file(study, table)
    damage(file)
    for command in ((study,), ("sql", study.parent / "results", f"SELECT * FROM {table}")):
        capfd.readouterr()
        code = medsam_job(monkeypatch, *command)
        if code or table != "predictions":  # the statistics read no predictions
            assert code == 2
            error = capfd.readouterr().err
            assert f"{file}: " in error
            assert "delete it and run the study again" in error
            assert "Traceback" not in error
    assert medsam_job(monkeypatch, "verify", study.parent / "results") == 3


@pytest.mark.parametrize("table", TABLES)
def test_a_deleted_file_is_made_again(study, monkeypatch, table):
    """As it was; `verify` is content."""
    file = only_file(study, table)
    before = file.read_bytes()
    file.unlink()
    assert medsam_job(monkeypatch, study, "--only", "predict") == 0
    assert medsam_job(monkeypatch, "verify", study.parent / "results") == 0
    if table != "iou":  # its footer holds the time that it took
        assert only_file(study, table).read_bytes() == before


def test_a_damaged_mart_is_left_out_of_queries(study, monkeypatch, capfd):
    """Only a query that needs it fails; the statistics make it anew."""
    output = study.parent / "results"
    cut(output / "summary/task_scores.parquet")
    assert medsam_job(monkeypatch, "sql", output, "SELECT count(*) FROM iou") == 0
    assert "a table of the summary is damaged" in capfd.readouterr().err
    assert medsam_job(monkeypatch, "sql", output, "FROM task_scores") == 2
    assert medsam_job(monkeypatch, study, "--only", "statistics") == 0
    assert medsam_job(monkeypatch, "sql", output, "FROM task_scores") == 0


def test_a_foreign_file_below_the_summary_is_ignored(study, monkeypatch):
    """It is no table of the summary."""
    (study.parent / "results/summary/notes.parquet").write_text("mine")
    assert medsam_job(monkeypatch, "sql", study.parent / "results", "SELECT 1") == 0


@pytest.mark.parametrize("file", ["current.json", "plan/*.json"])
def test_a_damaged_note_is_named_with_the_way_out(study, monkeypatch, capfd, file):
    """Deleted, it is written again."""
    (path,) = (study.parent / "results").glob(file)
    path.write_text("{")
    assert medsam_job(monkeypatch, "status", study.parent / "results") == 2
    assert f"{path}: " in capfd.readouterr().err
    path.unlink()
    assert medsam_job(monkeypatch, study) == 0
    assert medsam_job(monkeypatch, "status", study.parent / "results") == 0


def test_a_trial_leaves_the_summary_of_the_study(study, monkeypatch, capfd):
    """It gets a place of its own, which is said at the start and at the end; commands show either."""
    output = study.parent / "results"
    before = {file.name: file.read_bytes() for file in (output / "summary").iterdir()}
    assert medsam_job(monkeypatch, study, "--limit", 1) == 0
    printed = capfd.readouterr()
    (place,) = [path for path in (output / "plan").iterdir() if path.is_dir()]
    assert printed.err.count("this output holds another study, which stays") == 1
    assert f"Everything lies in {place}" in printed.out
    assert {file.name: file.read_bytes() for file in (output / "summary").iterdir()} == before
    query = "SELECT (SELECT max(objects) FROM overall_scores) m, (SELECT count(DISTINCT (image, task)) FROM iou) n"
    for options, objects in (([], 4), (["--plan", place.name], 2)):
        assert medsam_job(monkeypatch, "sql", output, query, "--format", "csv", *options) == 0
        assert capfd.readouterr().out.splitlines()[1] == f"{objects},{objects}"


def test_a_plan_that_is_not_there_is_refused_with_those_that_are(study, monkeypatch, capfd):
    """A few letters of its name are enough."""
    (path,) = (study.parent / "results/plan").glob("*.json")
    assert medsam_job(monkeypatch, "status", study.parent / "results", "--plan", "zz") == 2
    assert f"--plan: expected one of {path.stem}; got zz" in capfd.readouterr().err
    assert medsam_job(monkeypatch, "status", study.parent / "results", "--plan", path.stem[:4]) == 0


def test_two_studies_of_one_name_never_mix(study, monkeypatch, tmp_path):
    """The first to finish has the summary at the top, the other one a place of its own."""
    output = study.parent / "results"
    copy = tmp_path / "copy.yaml"
    copy.write_text(study.read_text().replace("seed: 3", "seed: 4"))
    shutil.rmtree(output)
    assert medsam_job(monkeypatch, study, "--only", "predict") == 0
    assert medsam_job(monkeypatch, copy, "--only", "predict") == 0
    for spec in (study, copy):
        assert medsam_job(monkeypatch, spec, "--only", "statistics") == 0
    (place,) = [path for path in (output / "plan").iterdir() if path.is_dir()]
    for folder, seed in ((output, 3), (place, 4)):
        assert pq.read_table(folder / "summary/overall_scores.parquet")["seed"].unique().to_pylist() == [seed]
