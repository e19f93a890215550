"""Stored results can be queried from the command line, and in a database file from any DuckDB client."""

import csv
import io
import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from job.errors import OutputError
from job.plan import file as plan_file
from tests.cases import medsam_job, write_study


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished study."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, write_study(folder, cases=1)) == 0
    return folder


def test_results_can_be_queried(finished, monkeypatch, capfd):
    """Tables and marts, in every form; a wrong query ends with DuckDB's message."""
    output = finished / "results"
    capfd.readouterr()
    query = (
        "SELECT task, iou.iou FROM iou JOIN predictions USING (task, prompt) WHERE prompt = 'whole_box' ORDER BY task"
    )
    assert medsam_job(monkeypatch, "sql", output, query, "--format", "csv") == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == '"task","iou"'
    assert [line.split(",")[0] for line in lines[1:]] == ['"disc"', '"ring"']
    assert medsam_job(monkeypatch, "sql", output, "SELECT tasks FROM overall_scores", "--format", "json") == 0
    assert capfd.readouterr().out.splitlines()[0] == '{"tasks": 2}'
    assert medsam_job(monkeypatch, "sql", output, "SELECT nonsense FROM iou") == 2
    assert "nonsense" in capfd.readouterr().err


def test_nested_values_are_json_in_a_cell(finished, monkeypatch, capfd):
    """A prediction's boxes in CSV. A sum, which DuckDB returns as a decimal, is a number in JSON."""
    output = finished / "results"
    capfd.readouterr()
    query = "SELECT prompt, boxes, points FROM predictions WHERE prompt = 'whole_box'"
    assert medsam_job(monkeypatch, "sql", output, query, "--format", "csv") == 0
    first = next(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert json.loads(first["boxes"])[0].keys() == {"x0", "y0", "x1", "y1"}
    assert medsam_job(monkeypatch, "sql", output, "SELECT sum(1) s FROM range(3)", "--format", "json") == 0
    assert capfd.readouterr().out == '{"s": 3}\n'


def test_a_foreign_file_in_the_folder_is_ignored(finished, monkeypatch, capfd):
    """Statistics read exactly the parts that the plan names."""
    pq.write_table(pa.table({"a": [1]}), finished / "results/iou/foreign.parquet")
    assert medsam_job(monkeypatch, finished / "study.yaml", "--only", "statistics") == 0


def test_results_of_another_version_are_refused(finished, monkeypatch, capfd):
    """They are not read as if they were of this version."""
    (plan,) = (finished / "results/plan").iterdir()
    text = plan.read_text()
    plan.write_text(text.replace('"rows": 2', '"rows": 3'))
    assert medsam_job(monkeypatch, finished / "study.yaml", "--only", "statistics") == 2
    assert "written by another version of medsam-job" in capfd.readouterr().err
    plan.write_text("no plan")
    with pytest.raises(OutputError, match="not a plan"):
        plan_file.read(str(finished / "results"), plan.stem)
    plan.write_text(text)


def test_a_folder_without_results_is_an_error(tmp_path, monkeypatch, capfd):
    """The user can mend it."""
    assert medsam_job(monkeypatch, "sql", tmp_path, "SELECT 1") == 2
    assert "holds no results of a study" in capfd.readouterr().err


def test_rows_can_be_written_as_parquet(finished, monkeypatch, capfdbinary):
    """To standard output, for programs."""
    query = "SELECT task, step FROM iou"
    assert medsam_job(monkeypatch, "sql", finished / "results", query, "--format", "parquet") == 0
    assert pq.read_table(pa.BufferReader(capfdbinary.readouterr().out)).num_rows == 4


def test_the_database_opens_in_any_client(finished):
    """It holds views over the tables, and the marts."""
    with duckdb.connect(finished / "results/results.duckdb", read_only=True) as connection:
        names = {name for (name,) in connection.sql("SHOW TABLES").fetchall()}
        assert {"iou", "predictions", "objects", "excluded", "task_scores", "comparison_by_task", "ledger"} <= names
        assert connection.sql("SELECT count(*) FROM predictions").fetchall() == [(4,)]
        assert connection.sql("SELECT count(*) FROM overall_scores").fetchall() == [(2,)]


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '{output}/iou/new.parquet'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{output}/iou/new.parquet'",
        "ATTACH '{output}/new.duckdb'",
        "CREATE TABLE t AS SELECT 1",
        "SET memory_limit = '1GB'",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "",
        " ; ",
        "/* a comment alone */",
    ],
)
def test_a_query_is_one_select(finished, monkeypatch, capfd, query):
    """Anything else is refused before it runs."""
    before = sorted(finished.rglob("*"))
    assert medsam_job(monkeypatch, "sql", finished / "results", query.format(output=finished / "results")) == 2
    assert "query: expected one SELECT, found " in capfd.readouterr().err
    assert sorted(finished.rglob("*")) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '{folder}/study.yaml'",
        "SELECT * FROM read_text('{output}/../study.yaml')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM 'https://127.0.0.1:9/x.parquet'",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM results",
    ],
)
def test_a_query_reads_the_results_alone(finished, monkeypatch, capfd, query):
    """No other file, no address, and no variable of the program."""
    text = query.format(folder=finished, output=finished / "results")
    assert medsam_job(monkeypatch, "sql", finished / "results", text) == 2
    assert capfd.readouterr().err.startswith("query: ")


@pytest.mark.parametrize(
    "query",
    ["FROM iou", "/* first */ SELECT 1", "WITH a AS (SELECT 1) FROM a", "DESCRIBE iou", "SUMMARIZE iou", "SHOW TABLES",
     "PIVOT iou ON prompt USING avg(iou) GROUP BY task", "SELECT * FROM '{output}/summary/task_scores.parquet'"],
)  # fmt: skip
def test_whatever_reads_the_results_is_a_select(finished, monkeypatch, capfd, query):
    """Also DuckDB's shorter forms, and the files of the output by their addresses."""
    assert medsam_job(monkeypatch, "sql", finished / "results", query.format(output=finished / "results")) == 0


def test_the_fence_can_be_left(finished, monkeypatch, capfd):
    """By those who ask for it."""
    query = f"SELECT content FROM read_text('{finished}/study.yaml')"
    assert medsam_job(monkeypatch, "sql", finished / "results", query, "--unsafe", "--format", "csv") == 0
    assert "study: small" in capfd.readouterr().out


def test_the_database_opens_from_any_folder(tmp_path, monkeypatch):
    """Also that of an output which is given by a relative path."""
    spec = write_study(tmp_path, cases=1)
    monkeypatch.chdir(tmp_path)
    assert medsam_job(monkeypatch, spec, "--output", "here") == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with duckdb.connect(tmp_path / "here/results.duckdb", read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM iou").fetchall() == [(4,)]


def test_an_output_with_wildcards_in_its_name_is_read_literally(tmp_path, monkeypatch, capfd):
    """Another folder matches `[1]` as a pattern, and holds another study."""
    for name, cases in (("results [1]", 1), ("results 1", 2)):
        spec = write_study(tmp_path / str(cases), cases=cases)
        assert medsam_job(monkeypatch, spec, "--output", tmp_path / name) == 0
    capfd.readouterr()
    assert (
        medsam_job(monkeypatch, "sql", tmp_path / "results [1]", "SELECT count(*) n FROM iou", "--format", "json") == 0
    )
    assert capfd.readouterr().out == '{"n": 4}\n'


def test_the_database_opens_where_the_files_are_not(finished, tmp_path, monkeypatch):
    """Its tables and marts are in it, but for the masks."""
    moved = tmp_path / "elsewhere.duckdb"
    moved.write_bytes((finished / "results/results.duckdb").read_bytes())
    (finished / "results").rename(finished / "away")
    monkeypatch.chdir(tmp_path)
    try:
        with duckdb.connect(moved, read_only=True) as connection:
            counts = {name: len(connection.table(name)) for name in ("iou", "objects", "excluded", "task_scores")}
            assert counts["iou"] > counts["objects"] == 2
            with pytest.raises(duckdb.IOException):
                connection.table("predictions").fetchall()
    finally:
        (finished / "away").rename(finished / "results")
