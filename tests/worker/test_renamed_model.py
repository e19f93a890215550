"""A model that gets another name in the spec keeps its parts. What people read shows the name in the plan."""

import csv
import io
import json

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.cases import SPEC, medsam_job, use_fake_models, write_study

CLICKED = SPEC.replace("family: lite_medsam", "family: lite_medsam_clicks").replace(
    "modes: [whole_box, each_box]", "clicks: {{protocol: ritm, max: 3}}"
)


def rename(spec, old, new):
    spec.write_text(spec.read_text().replace(f"name: {old}", f"name: {new}"))


def rows(folder, table):
    return [row for file in sorted((folder / table).iterdir()) for row in pq.read_table(file).to_pylist()]


@pytest.fixture
def study(tmp_path, monkeypatch, ran):
    """The spec of a finished study of one part, by the model `lite`. No fake model reads a checkpoint."""
    use_fake_models(monkeypatch)
    return ran(tmp_path)


@pytest.fixture
def printed(monkeypatch, capfd):
    """Run a command and return what it prints to standard output."""

    def printed(*arguments):
        capfd.readouterr()
        assert medsam_job(monkeypatch, *arguments) == 0
        return capfd.readouterr().out

    return printed


@pytest.fixture
def models_in(tmp_path, printed):
    """Query the models of a relation, and the number of rows of each."""

    def models_in(relation, *options):
        query = f"SELECT model, count(*) AS n FROM {relation} GROUP BY model"
        text = printed("sql", tmp_path / "results", query, "--format", "csv", *options)
        return {row["model"]: int(row["n"]) for row in csv.DictReader(io.StringIO(text))}

    return models_in


def test_tables_and_marts_show_the_new_name(study, tmp_path, printed, models_in):
    """So do the report, the status and the database. Three images have two objects, each in two modes."""
    rename(study, "lite", "it's new")
    report = printed(study)
    assert "it's new" in report
    assert "lite" not in report
    assert models_in("iou") == models_in("predictions") == {"it's new": 12}
    for mart in ("task_scores", "overall_scores", "modes_wide", "models"):
        assert set(models_in(mart)) == {"it's new"}
    (status,) = map(json.loads, printed("status", tmp_path / "results", "--format", "json").splitlines())
    assert (status["model"], status["done"]) == ("it's new", 1)
    with duckdb.connect(tmp_path / "results/results.duckdb", read_only=True) as connection:
        for relation in ("iou", "predictions", "task_scores"):
            assert connection.sql(f"SELECT DISTINCT model FROM {relation}").fetchall() == [("it's new",)]


def test_the_files_stay_as_they_are(study, tmp_path, printed):
    """Their rows keep the name under which they were made."""
    files = {
        path: path.read_bytes() for table in ("iou", "predictions") for path in (tmp_path / "results" / table).iterdir()
    }
    rename(study, "lite", "new")
    printed(study, "--only", "predict")
    assert {path: path.read_bytes() for path in files} == files
    assert {row["model"] for row in rows(tmp_path / "results", "iou")} == {"lite"}


def test_an_earlier_plan_shows_the_earlier_name(study, printed, models_in):
    """Both plans have the same parts."""
    (earlier,) = (study.parent / "results/plan").iterdir()
    rename(study, "lite", "new")
    printed(study, "--only", "predict")
    assert models_in("iou", "--plan", earlier.stem) == {"lite": 12}


def test_another_model_may_take_the_name(study, tmp_path, printed, models_in):
    """Stored rows of both models then have the same key. Neither the statistics nor `verify` mix them."""
    rename(study, "lite", "old")
    (tmp_path / "weights").write_bytes(b"other")
    other = f"  - {{name: lite, family: lite_medsam, checkpoint: {tmp_path}/weights}}\nprompts:"
    study.write_text(study.read_text().replace("prompts:", other))
    printed(study)
    assert {row["model"] for row in rows(tmp_path / "results", "iou")} == {"lite"}
    assert models_in("iou") == models_in("predictions") == {"old": 12, "lite": 12}
    assert set(models_in("task_scores")) == {"old", "lite"}
    assert printed("verify", tmp_path / "results") == "no problems in 2 parts\n"


def test_nothing_of_a_renamed_model_is_an_orphan(study, printed):
    """The plan of the new name needs the same files, also without the earlier plan."""
    (earlier,) = (study.parent / "results/plan").iterdir()
    rename(study, "lite", "new")
    earlier.unlink()
    figures = json.loads(printed("plan", study, "--format", "json"))
    assert (figures["parts"], figures["parts_left"], figures["orphans"]) == (1, 0, [])


def test_rows_do_not_depend_on_the_name(tmp_path, monkeypatch):
    """Neither the random choices of clicks nor the order of the rows; the files have the same names."""
    use_fake_models(monkeypatch)
    spec = write_study(tmp_path, text=CLICKED)
    assert medsam_job(monkeypatch, spec, "--only", "predict", "--output", tmp_path / "a") == 0
    rename(spec, "lite", "zeta")
    assert medsam_job(monkeypatch, spec, "--only", "predict", "--output", tmp_path / "b") == 0
    assert [path.name for path in (tmp_path / "a/iou").iterdir()] == [
        path.name for path in (tmp_path / "b/iou").iterdir()
    ]
    for table in ("iou", "predictions"):
        assert [row | {"model": "zeta"} for row in rows(tmp_path / "a", table)] == rows(tmp_path / "b", table)
