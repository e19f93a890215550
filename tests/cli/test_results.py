"""`medsam-job status` and `verify` read stored results; `schema` prints the schema of specs."""

import json
from pathlib import Path

import pytest

from tests.cases import GENERATED, medsam_job, use_fake_models, write_generated

SCHEMA = Path(__file__).parents[2] / "specs/schema.json"


@pytest.fixture
def job(monkeypatch, capfd):
    """Return a function that runs the command line with quick models and returns its output."""
    use_fake_models(monkeypatch)

    def run(*arguments, code=0):
        capfd.readouterr()
        assert medsam_job(monkeypatch, *arguments) == code
        return capfd.readouterr().out

    return run


def test_schema_prints_the_committed_schema(job):
    """`make schema` stores its output."""
    assert job("schema") == SCHEMA.read_text()


def test_status_counts_parts_by_model(job, tmp_path):
    """Before, during and after a run of two shards."""
    spec, output = write_generated(tmp_path), tmp_path / "results"
    for arguments, done in (
        (("plan", spec, "--store"), 0),
        ((spec, "--shard", "0/2"), 2),
        ((spec, "--shard", "1/2"), 4),
    ):
        job(*arguments)
        (row,) = [json.loads(line) for line in job("status", output, "--format", "json").splitlines()]
        assert row == {"model": "lite", "planned": 4, "done": done, "partial": 0, "failed": 0}


def test_verify_prints_problems_and_a_verdict(job, ran, tmp_path):
    """It ends with 3 if there is a problem."""
    output = ran(tmp_path, GENERATED).parent / "results"
    assert job("verify", output) == "no problems in 4 parts\n"
    part = min((output / "iou").iterdir())
    part.unlink()
    assert job("verify", output, code=3) == f"iou/{part.stem}: missing\n1 problem in 4 parts\n"


@pytest.mark.parametrize("command", [["status"], ["verify"], ["sql"]])
def test_an_output_without_results_is_refused(command, monkeypatch, capfd, tmp_path):
    """With its name."""
    query = ["SELECT 1"] if command == ["sql"] else []
    assert medsam_job(monkeypatch, *command, tmp_path, *query) == 2
    assert str(tmp_path) in capfd.readouterr().err


def test_an_output_whose_name_looks_like_a_pattern_is_read_alone(job, ran, tmp_path):
    """Not with the outputs beside it that the pattern matches, where parts of one study have the same names."""
    for name in ("run1", "run[12]", "run*"):
        ran(tmp_path, GENERATED, results=name)
    count = ("SELECT count(*) AS n FROM iou", "--format", "csv")
    expected = job("sql", tmp_path / "run1", *count)
    assert job("sql", tmp_path / "run*", *count) == expected
    for part in (tmp_path / "run1/iou").iterdir():
        part.unlink()
    assert job("sql", tmp_path / "run[12]", *count) == expected
