"""`medsam-job compare` of outputs on a real S3 server, and of one there with a local one."""

import pytest

from job import storage
from tests.cases import medsam_job


@pytest.fixture
def outputs(study, s3, tmp_path, monkeypatch):
    """The outputs of one study by the names that `compare` gives them: two on S3, one local, with different scores."""
    addresses = {"results": f"{s3}/results", "other": f"{s3}/other", "local": str(tmp_path / "local")}
    for number, address in enumerate(addresses.values()):
        text = study.read_text()
        if number:
            study.write_text(text.replace("masks:", "intensity: {window: [0, 150]}\n    masks:"))
        assert medsam_job(monkeypatch, study, "--output", address) == 0
        study.write_text(text)
    return addresses


def rows(monkeypatch, capfd, *arguments):
    """Compare outputs and return the lines of CSV, without the names of the outputs."""
    capfd.readouterr()
    assert medsam_job(monkeypatch, "compare", *arguments, "--format", "csv") == 0
    return capfd.readouterr().out.splitlines()


def test_outputs_on_s3_are_compared_as_local_ones(outputs, monkeypatch, capfd):
    """One file system serves both. The other one of S3 and the local one hold the same scores."""
    remote = rows(monkeypatch, capfd, f"a={outputs['results']}", f"b={outputs['other']}")
    mixed = rows(monkeypatch, capfd, f"a={outputs['results']}", f"b={outputs['local']}")
    assert remote == mixed
    assert len(remote) > 1


def test_a_damaged_file_on_s3_is_named(outputs, monkeypatch, capfd):
    """That of the second output, whose rows are read through the file system of the first."""
    damaged = storage.list_files(f"{outputs['other']}/iou", "*.parquet")[0].address
    storage.write(damaged, b"nothing")
    capfd.readouterr()
    assert medsam_job(monkeypatch, "compare", outputs["results"], outputs["other"]) == 2
    assert damaged in capfd.readouterr().err
