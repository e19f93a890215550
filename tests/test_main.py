"""The command line: a command or a spec; a mistyped command is recognised; help and version answer at once."""

import sys

import pytest

from tests.cases import medsam_job, use_fake_models, write_generated, write_study


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs the command line."""
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


@pytest.mark.parametrize("arguments", [["valdate"], ["valdate", "study.yaml"], ["Plan"]])
def test_a_mistyped_command_is_not_taken_for_a_spec(arguments, run, capfd):
    """The message suggests the nearest command."""
    assert run(*arguments) == 2
    nearest = {"valdate": "validate", "Plan": "plan"}[arguments[0]]
    assert capfd.readouterr().err == (
        f"{arguments[0]}: neither a command nor a file; did you mean the command {nearest!r}?\n"
    )


def test_a_missing_spec_unlike_any_command_is_a_missing_spec(run, capfd):
    """There is no suggestion."""
    assert run("my-study.yaml") == 2
    assert capfd.readouterr().err == "my-study.yaml:1:1: cannot be read: No such file or directory\n"


def test_an_existing_file_is_a_spec_whatever_its_name(run, monkeypatch, tmp_path):
    """Here one letter from a command."""
    use_fake_models(monkeypatch)
    monkeypatch.chdir(tmp_path)
    write_generated(tmp_path).rename(tmp_path / "plans")
    assert run("plans", "--only", "predict") == 0
    assert (tmp_path / "results/iou").exists()


def test_an_address_is_a_spec_whatever_its_name(run, capfd):
    """Here one that ends like a command."""
    assert run("xyz://schema") == 2
    err = capfd.readouterr().err
    assert err.startswith("xyz://schema")
    assert "Protocol not known: xyz" in err


def test_an_unknown_option_is_not_taken_for_a_command(run, capfd):
    """Although a command has that name."""
    assert run("--verify") == 2
    assert "No such option: --verify" in capfd.readouterr().err


def test_without_arguments_the_help_is_printed(run, capfd):
    """It lists the commands."""
    assert run() in (0, 2)
    shown = capfd.readouterr()
    for command in ("run", "validate", "plan", "status", "verify", "sql", "reference", "schema"):
        assert f" {command} " in shown.out + shown.err


def test_run_is_the_default_command(tmp_path, run, monkeypatch):
    """Options may stand before the spec or after it."""
    use_fake_models(monkeypatch)
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
