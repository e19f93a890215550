"""The command line: a command or a spec; a mistyped command is recognised; help and version answer at once."""

import sys

import pytest

from tests.cases import medsam_job, use_fake_models, write_generated, write_study


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs the command line."""
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["valdate"], "medsam-job validate"),
        (["valdate", "my study.yaml", "--full"], "medsam-job validate 'my study.yaml' --full"),
        (["Plan"], "medsam-job plan"),
        (["STATUS", "results"], "medsam-job status results"),
    ],
)
def test_a_mistyped_command_is_not_taken_for_a_spec(arguments, meant, run, capfd):
    """The message has the whole command that was meant."""
    assert run(*arguments) == 2
    assert capfd.readouterr().err == f"{arguments[0]}: neither a command nor a file; did you mean `{meant}`?\n"


def test_a_command_after_its_spec_is_recognised(run, capfd, tmp_path):
    """The message has the words in the right order."""
    (tmp_path / "s.yaml").touch()
    assert run(tmp_path / "s.yaml", "validate", "--full") == 2
    meant = f"medsam-job validate {tmp_path}/s.yaml --full"
    assert capfd.readouterr().err == f"validate: the command stands before what it is for: `{meant}`\n"


@pytest.mark.parametrize(("word", "meant"), [("help", "--help"), ("version", "--version")])
def test_an_option_without_dashes_is_recognised(word, meant, run, capfd):
    """As other programs have such commands."""
    assert run(word) == 2
    assert capfd.readouterr().err == f"{word}: not a command; did you mean `medsam-job {meant}`?\n"


@pytest.mark.parametrize("arguments", [["bash"], ["check", "study.yaml"]])
def test_a_word_unlike_any_command_and_spec_has_the_commands_listed(arguments, run, capfd, monkeypatch, tmp_path):
    """It cannot be the name of a spec."""
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    err = capfd.readouterr().err
    assert err.startswith(
        f"{arguments[0]}: neither a command nor a file; expected a spec, or one of the commands demo, run, v"
    )


def test_a_missing_spec_unlike_any_other_is_a_missing_spec(run, capfd, monkeypatch, tmp_path):
    """There is no suggestion."""
    monkeypatch.chdir(tmp_path)
    assert run("my-study.yaml") == 2
    assert capfd.readouterr().err == "my-study.yaml:1:1: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "x" * 300 + ".yaml"])
def test_a_name_that_no_file_can_have_is_no_file(run, name):
    """It ends as a missing file does."""
    assert run(name) == 2
    assert run("status", name) == 2


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


@pytest.mark.parametrize("arguments", [["-h"], ["validate", "-h"], ["sql", "-h"]])
def test_h_is_short_for_help(run, capfd, arguments):
    """Of the program and of every command."""
    assert run(*arguments) == 0
    assert "Usage:" in capfd.readouterr().out


def test_help_and_version_need_no_heavy_library(run, capfd, monkeypatch):
    """The modules of the commands are not imported."""
    monkeypatch.setitem(sys.modules, "job.cli", None)
    assert run("--version") == 0
    assert run("--help") == 0
    assert "SPEC" in capfd.readouterr().out
