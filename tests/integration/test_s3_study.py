"""A whole study with images, masks and results on a real S3 server."""

import fsspec
import pyarrow.parquet as pq

from tests.cases import SPEC, medsam_job, use_fake_models, write_study


def rows(folder_or_files, filesystem=None):
    table = pq.read_table(folder_or_files, filesystem=filesystem)
    return sorted((row for row in table.to_pylist()), key=lambda row: tuple(map(str, list(row.values())[:10])))


def test_a_study_on_s3_gives_the_rows_of_a_local_one(s3, tmp_path, monkeypatch, capfd):
    """They can be queried there, and a second run finds nothing to do."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    local = write_study(tmp_path)
    assert medsam_job(monkeypatch, local) == 0
    fsspec.filesystem("s3", endpoint_url=None).put(
        str(tmp_path / "data"), s3.removeprefix("s3://") + "/data", recursive=True
    )
    remote = tmp_path / "remote.yaml"
    remote.write_text(SPEC.format(data=f"{s3}/data", output=f"{s3}/results"))
    assert medsam_job(monkeypatch, remote) == 0

    fs = fsspec.filesystem("s3")
    bucket = s3.removeprefix("s3://")
    for table in ("objects", "predictions"):
        assert rows(f"{bucket}/results/{table}", fs) == rows(tmp_path / "results" / table)
    assert fs.exists(f"{bucket}/results/summary/overall_scores.csv")
    capfd.readouterr()
    assert (
        medsam_job(monkeypatch, "sql", f"{s3}/results", "SELECT count(*) AS n FROM predictions", "--format", "csv") == 0
    )
    assert capfd.readouterr().out.split() == ['"n"', "12"]
    assert medsam_job(monkeypatch, remote) == 0
    assert "nothing to do" in capfd.readouterr().err
