"""A study whose images, masks and results are on a real S3 server."""

import os

import pyarrow.parquet as pq
from s3fs import S3FileSystem

from tests.cases import SPEC, medsam_job, use_fake_models, write_study
from tests.report.page.made import embedded


def rows(folder, filesystem=None):
    """Return the rows of all Parquet files in a folder, sorted by their first ten columns."""
    table = pq.read_table(folder, filesystem=filesystem)
    return sorted(table.to_pylist(), key=lambda row: tuple(map(str, list(row.values())[:10])))


def test_a_study_on_s3_has_the_rows_of_a_local_one(s3, tmp_path, monkeypatch, capfd):
    """They can be queried and reported on S3, and a second run has nothing to do."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    local = write_study(tmp_path)
    assert medsam_job(monkeypatch, local) == 0
    fs = S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    fs.put(str(tmp_path / "data"), f"{s3}/data", recursive=True)
    remote = tmp_path / "remote.yaml"
    remote.write_text(SPEC.format(data=f"{s3}/data", output=f"{s3}/results"))
    assert medsam_job(monkeypatch, remote) == 0

    fs.invalidate_cache()
    prefix = s3.removeprefix("s3://")
    for table in ("objects", "predictions"):
        assert rows(f"{prefix}/results/{table}", fs) == rows(tmp_path / "results" / table)
    assert fs.exists(f"{prefix}/results/summary/overall_scores.csv")
    before = fs.cat(f"{prefix}/results/report.html")
    fs.rm(f"{prefix}/results/report.html")
    assert medsam_job(monkeypatch, "report", f"{s3}/results") == 0
    fs.invalidate_cache()
    assert embedded(fs.cat(f"{prefix}/results/report.html").decode()) == embedded(before.decode())
    assert medsam_job(monkeypatch, "figure", f"{s3}/results", "iou-by-task") == 0
    fs.invalidate_cache()
    assert fs.exists(f"{prefix}/results/figures/iou-by-task-whole_box-183mm.pdf")
    capfd.readouterr()
    assert (
        medsam_job(monkeypatch, "sql", f"{s3}/results", "SELECT count(*) AS n FROM predictions", "--format", "csv") == 0
    )
    assert capfd.readouterr().out.split() == ['"n"', "12"]
    assert medsam_job(monkeypatch, remote) == 0
    assert "nothing to do" in capfd.readouterr().err
