"""Commands open a study by the address of its spec; what cannot be opened is reported in a line."""

import tempfile
from pathlib import Path

import pytest

from job import storage
from tests.cases import medsam_job, use_fake_models, write_study


@pytest.fixture
def run(monkeypatch):
    """The command line."""
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


@pytest.mark.parametrize("command", [[], ["run"], ["plan"], ["validate"], ["run", "--only", "statistics"]])
def test_a_spec_that_its_store_does_not_hold_is_reported_in_a_line(run, capfd, command):
    """Every command that takes a spec does so."""
    assert run(*command, "memory://none/my.yaml") == 2
    assert capfd.readouterr().err == "memory://none/my.yaml: cannot read: nothing is there\n"


def test_an_empty_output_is_refused(run, tmp_path, monkeypatch, capfd):
    """It is most likely a variable of a shell that is not set; the spec's output is not meant."""
    monkeypatch.chdir(tmp_path)
    spec = write_study(tmp_path, cases=1)
    for command in (["run", spec, "--output", ""], ["status", ""], ["plan", spec, "--output", "s3:/bucket/x"]):
        assert run(*command) == 2
    assert capfd.readouterr().err.count("is a variable unset?") == 2
    assert not (tmp_path / "results").exists()


@pytest.fixture
def without_home(monkeypatch):
    """A user without a home folder: HOME is not set, and the system does not know the user."""

    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    monkeypatch.delenv("MEDSAM_JOB_CACHE", raising=False)


def test_a_study_of_local_inputs_needs_no_home(run, tmp_path, without_home, monkeypatch):
    """Nothing of it is cached."""
    use_fake_models(monkeypatch)
    assert run("validate", write_study(tmp_path, cases=1)) == 0


def test_a_study_of_remote_inputs_says_where_its_cache_is_set(run, tmp_path, without_home, monkeypatch, capfd):
    """In a line, before any work."""
    use_fake_models(monkeypatch)
    spec = write_study(tmp_path, cases=1)
    for kind in ("images", "masks"):
        storage.write(f"memory://homeless/{kind}/a.png", (tmp_path / f"data/{kind}/case0.png").read_bytes())
    spec.write_text(spec.read_text().replace(f"{tmp_path}/data", "memory://homeless"))
    assert run(spec) == 2
    *_, line = capfd.readouterr().err.splitlines()
    assert line == "this user has no home folder for copies of remote inputs: set MEDSAM_JOB_CACHE"


def test_a_missing_temporary_folder_is_reported_in_a_line(run, tmp_path, monkeypatch, capfd):
    """Before any work: torch and the statistics need one."""
    spec = write_study(tmp_path, cases=1)
    with monkeypatch.context() as inside:
        inside.setattr(tempfile, "tempdir", None)
        inside.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])
        assert run(spec) == 2
    assert capfd.readouterr().err.endswith(": set TMPDIR to a folder that can be written\n")
