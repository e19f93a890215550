"""Studies on a real S3 server that fails: transient errors leave no trace in the rows."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from job import storage
from job.results.store import Results
from job.storage import retry
from job.storage import s3 as storage_s3
from tests.cases import medsam_job
from tests.integration.studies import assert_parts_have_their_predictions, draw, rows, write_spec

pytestmark = pytest.mark.usefixtures("quick_models")
ROOT = Path(__file__).parents[2]
WAITS = {
    "job.storage.retry.FIRST_WAIT_S": retry.FIRST_WAIT_S,
    "job.storage.retry.LONGEST_WAIT_S": retry.LONGEST_WAIT_S,
    "job.storage.s3.STALL_S": storage_s3.STALL_S,
}


def test_rows_are_the_same_if_one_request_in_twenty_fails(s3, proxy, study, tmp_path, monkeypatch):
    """With every kind of transient fault."""
    calm = write_spec(tmp_path / "calm", f"{s3}/data", f"{s3}/calm")
    assert medsam_job(monkeypatch, calm, "--only", "predict") == 0
    proxy.share, proxy.requests = 0.05, 0
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "empty"))
    assert medsam_job(monkeypatch, study) == 0
    proxy.share = 0.0
    assert rows(f"{s3}/results") == rows(f"{s3}/calm")
    assert proxy.faults.total() > 0.02 * proxy.requests


@pytest.mark.long
@pytest.mark.parametrize("share", [0.05, 0.2])
def test_the_cost_of_failing_requests(s3, proxy, tmp_path, monkeypatch, share):
    """With the waits of a real run. benchmarks/storage_faults.md has the printed figures."""
    for name, value in WAITS.items():
        monkeypatch.setattr(name, value)
    draw(f"{s3}/data", 300, side=128)
    for name in ("calm", "results"):
        spec = write_spec(tmp_path / name, f"{s3}/data", f"{s3}/{name}", chunk=16)
        monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / name))
        proxy.requests, proxy.share, started = 0, share if name == "results" else 0.0, time.monotonic()
        assert medsam_job(monkeypatch, spec) == 0
        seconds = time.monotonic() - started
        print(f"\n{name}: {proxy.share:.0%}, {proxy.requests} requests, {seconds:.0f} s, {proxy.faults}")
    proxy.share = 0.0
    assert rows(f"{s3}/results") == rows(f"{s3}/calm")


def test_an_unreadable_image_is_left_out_and_tried_again_by_the_next_run(s3, proxy, study, monkeypatch):
    """Its line in the ledger is an error and its parts are partial; the next run completes them."""
    proxy.lasting["images/0003.png"] = "503"
    assert medsam_job(monkeypatch, study, "--only", "predict") == 0
    (line,) = (row for row in rows(f"{s3}/results")["excluded"] if row["kind"] != "empty")
    assert (line["image"], line["kind"], line["reason"]) == ("0003.png", "error", "storage")
    assert "SlowDown: Please reduce your request rate.; 10 attempts" in line["detail"]
    partial = [file.address for file in storage.list_files(f"{s3}/results/iou", "*.partial.parquet")]
    assert len(partial) == 1
    proxy.lasting.clear()
    assert medsam_job(monkeypatch, study, "--only", "predict") == 0
    assert "0003.png" in {row["image"] for row in rows(f"{s3}/results")["objects"]}


def test_an_image_that_changed_after_the_plan_is_not_evaluated(s3, study, monkeypatch):
    """The parts have the names of the planned content."""
    assert medsam_job(monkeypatch, study, "--shard", "0/2") == 0
    changed = storage.read(f"{s3}/data/images/0001.png")
    for number in range(8):
        storage.write(f"{s3}/data/images/{number:04}.png", changed + b" ")
    assert medsam_job(monkeypatch, study, "--shard", "1/2") == 0
    details = {row["detail"] for row in rows(f"{s3}/results")["excluded"] if row["kind"] != "empty"}
    assert details
    assert all("changed since it was planned" in detail for detail in details)


def test_of_two_workers_on_the_same_chunks_one_wins_each_part(s3, proxy, study, tmp_path, monkeypatch):
    """The first worker is overtaken before its first part: a second one computes and stores everything."""
    write_part = Results.write_part

    def overtaken(*arguments, **options):
        monkeypatch.setattr(Results, "write_part", write_part)
        assert medsam_job(monkeypatch, study, "--only", "predict") == 0
        proxy.script = ["lose", "lose", "lose"]
        return write_part(*arguments, **options)

    monkeypatch.setattr(Results, "write_part", overtaken)
    assert medsam_job(monkeypatch, study, "--only", "predict") == 0
    assert_parts_have_their_predictions(f"{s3}/results")
    calm = write_spec(tmp_path / "calm", f"{s3}/data", f"{s3}/calm")
    assert medsam_job(monkeypatch, calm, "--only", "predict") == 0
    assert rows(f"{s3}/results") == rows(f"{s3}/calm")


@pytest.mark.long
def test_two_workers_at_the_same_time_store_the_rows_of_one(s3, proxy, study, tmp_path, monkeypatch):
    """Two processes compute the same chunks, and responses are lost."""
    proxy.share, proxy.kinds = 0.05, ("lose", "503")
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.worker.fake_worker", str(study)],
            cwd=ROOT,
            env=os.environ | {"MEDSAM_JOB_CACHE": str(tmp_path / f"cache{number}")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for number in range(2)
    ]
    logs = [worker.communicate(timeout=300)[1].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], logs
    proxy.share = 0.0
    assert_parts_have_their_predictions(f"{s3}/results")
    calm = write_spec(tmp_path / "calm", f"{s3}/data", f"{s3}/calm")
    assert medsam_job(monkeypatch, calm, "--only", "predict") == 0
    for table in ("objects", "iou", "excluded"):
        assert rows(f"{s3}/results")[table] == rows(f"{s3}/calm")[table]
