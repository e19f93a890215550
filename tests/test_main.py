"""The command line: `medsam-job SPEC` runs a study; help and version answer at once."""

import sys

import pytest

from tests.cases import medsam_job, use_fake_models, write_study


@pytest.fixture
def run(monkeypatch):
    """The command line, with quick models."""
    use_fake_models(monkeypatch)
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


def test_run_is_the_default_command(tmp_path, run):
    """Options may stand before the spec or after it."""
    spec = write_study(tmp_path, cases=1)
    assert run("--only", "predict", spec) == 0
    assert run(spec, "--only", "statistics") == 0
    assert (tmp_path / "results/summary/task_scores.csv").exists()


def test_help_and_version_need_no_heavy_library(run, capfd, monkeypatch):
    """The modules of the commands are not imported."""
    monkeypatch.setitem(sys.modules, "job.cli", None)
    assert run("--version") == 0
    assert run("--help") == 0
    assert "SPEC" in capfd.readouterr().out
