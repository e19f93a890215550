"""Commands open a study by the address of its spec; what cannot be opened is reported in a line."""

import pytest

from tests.cases import medsam_job


@pytest.fixture
def run(monkeypatch):
    """The command line."""
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


@pytest.mark.parametrize("command", [[], ["run"], ["plan"], ["validate"], ["run", "--only", "statistics"]])
def test_a_spec_that_its_store_does_not_hold_is_reported_in_a_line(run, capfd, command):
    """Every command that takes a spec does so."""
    assert run(*command, "memory://none/my.yaml") == 2
    assert capfd.readouterr().err == "memory://none/my.yaml: cannot read: nothing is there\n"
