"""The scripts of pages are made once for all runs of a user."""

from job.cli.scripts import vega
from job.report.page.bundle import bundle


def test_another_run_needs_no_engine(tmp_path, monkeypatch):
    """The scripts lie in the folder of local copies."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "copies"))
    assert vega() == bundle()
    monkeypatch.setattr("job.cli.scripts.bundle", None)  # as in a process that has not made them
    assert vega() == bundle()
