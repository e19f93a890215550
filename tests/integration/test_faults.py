"""Studies on a real S3 server that fails: what passes leaves no trace in the rows, what is refused ends the run."""

import io
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pyarrow.parquet as pq
import pytest

from job import storage
from job.datasets.generated import generate
from job.results.store import Results, footer
from job.storage import retry
from job.storage import s3 as storage_s3
from tests.cases import medsam_job, use_fake_models
from tests.integration.s3_server import READER_KEY, READER_SECRET, SECRET

ROOT = Path(__file__).parents[2]
WAITS = {
    "job.storage.retry.FIRST_WAIT_S": retry.FIRST_WAIT_S,
    "job.storage.retry.LONGEST_WAIT_S": retry.LONGEST_WAIT_S,
    "job.storage.s3.STALL_S": storage_s3.STALL_S,
}
TABLES = ("objects", "iou", "predictions", "excluded")
SPEC = """\
study: faults
output: {output}
datasets:
  - name: Generated
    modality: synthetic
    images: {data}/images/*.png
    masks: {data}/masks/{{name}}
    tasks: {{organ: 1, lesion: 2, vessel: 3}}
models:
  - {{name: lite, family: lite_medsam}}
prompts:
  - modes: [whole_box, each_box]
execution: {{device: cpu, chunk: {chunk}}}
"""


@pytest.fixture(autouse=True)
def quick_models(quick, monkeypatch, tmp_path):
    """The engine and its storage alone are on trial; nothing is in the cache."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))


def draw(address, count, side=48):
    """Store generated images and their label maps below an address."""
    for number in range(count):
        for kind, array_HW in zip(("images", "masks"), generate(7, number, 0, side), strict=True):
            storage.write(f"{address}/{kind}/{number:04}.png", cv2.imencode(".png", array_HW)[1].tobytes())


def write_spec(folder, data, output, chunk=3):
    """Write a study of those images, and give its spec's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yaml").write_text(SPEC.format(data=data, output=output, chunk=chunk))
    return folder / "study.yaml"


def rows(output):
    """Read every row of a study's results, by table, in a fixed order."""
    found = {}
    for table in TABLES:
        files = storage.list_files(f"{output}/{table}", "*.parquet")
        tables = [pq.read_table(io.BytesIO(storage.read(file.address))) for file in files]
        found[table] = sorted((row for one in tables for row in one.to_pylist()), key=str)
    return found


def parts_name_their_predictions(output):
    """Each part's footer names a file of predictions that is there."""
    there = {file.address.rsplit("/", 1)[-1] for file in storage.list_files(f"{output}/predictions", "*")}
    for file in storage.list_files(f"{output}/iou", "*"):
        assert footer(pq.read_schema(io.BytesIO(storage.read(file.address))).metadata)["predictions"] in there


def refusal(capfd):
    """Give the one line that tells why a run was refused; the rest is logs. No traceback, and no secret, is in any."""
    text = capfd.readouterr().err
    assert "Traceback" not in text
    assert SECRET not in text
    assert READER_SECRET not in text
    (line,) = (line for line in text.splitlines() if not line.startswith("{"))
    return line


@pytest.fixture
def study(s3, tmp_path):
    """A study of 8 images in S3, in several chunks, with its output there."""
    draw(f"{s3}/data", 8)
    return write_spec(tmp_path, f"{s3}/data", f"{s3}/results")


def test_rows_are_the_same_where_one_request_in_twenty_fails(s3, proxy, study, tmp_path, monkeypatch):
    """In every way in which requests fail."""
    calm = write_spec(tmp_path / "calm", f"{s3}/data", f"{s3}/calm")
    assert medsam_job(monkeypatch, calm, "--only", "predict") == 0
    proxy.share, proxy.seen = 0.05, 0
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "empty"))
    assert medsam_job(monkeypatch, study) == 0
    proxy.share = 0.0
    assert rows(f"{s3}/results") == rows(f"{s3}/calm")
    assert sum(proxy.done.values()) > 0.02 * proxy.seen


@pytest.mark.long
@pytest.mark.parametrize("share", [0.05, 0.2])
def test_the_cost_of_failing_requests(s3, proxy, tmp_path, monkeypatch, share):
    """With the waits of a real run. What is printed is kept in benchmarks/storage_faults.md."""
    for name, value in WAITS.items():
        monkeypatch.setattr(name, value)
    draw(f"{s3}/data", 300, side=128)
    for name in ("calm", "results"):
        spec = write_spec(tmp_path / name, f"{s3}/data", f"{s3}/{name}", chunk=16)
        monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / name))
        proxy.seen, proxy.share, began = 0, share if name == "results" else 0.0, time.monotonic()
        assert medsam_job(monkeypatch, spec) == 0
        print(f"\n{name}: {proxy.share:.0%}, {proxy.seen} requests, {time.monotonic() - began:.0f} s, {proxy.done}")
    proxy.share = 0.0
    assert rows(f"{s3}/results") == rows(f"{s3}/calm")


def test_an_image_that_stays_unreadable_is_left_out_and_tried_again_later(s3, proxy, study, tmp_path, monkeypatch):
    """Its line in the ledger is an error, its parts are partial; a later run makes them whole."""
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


def test_an_image_that_changed_after_the_plan_was_made_is_not_evaluated(s3, study, monkeypatch):
    """Its content is not the one by which the parts are named."""
    assert medsam_job(monkeypatch, study, "--shard", "0/2") == 0
    changed = storage.read(f"{s3}/data/images/0001.png")
    for number in range(8):
        storage.write(f"{s3}/data/images/{number:04}.png", changed + b" ")
    assert medsam_job(monkeypatch, study, "--shard", "1/2") == 0
    details = {row["detail"] for row in rows(f"{s3}/results")["excluded"] if row["kind"] != "empty"}
    assert details
    assert all("changed since it was planned" in detail for detail in details)


def test_of_two_workers_on_the_same_chunks_one_wins_each_part(s3, proxy, study, tmp_path, monkeypatch):
    """The other goes on: here the first is overtaken by one that does everything, and then stores what it made."""
    first_comes_second = Results.write_part

    def overtaken(*arguments, **options):
        monkeypatch.setattr(Results, "write_part", first_comes_second)
        assert medsam_job(monkeypatch, study, "--only", "predict") == 0
        proxy.script = ["lose", "lose", "lose"]
        return first_comes_second(*arguments, **options)

    monkeypatch.setattr(Results, "write_part", overtaken)
    assert medsam_job(monkeypatch, study, "--only", "predict") == 0
    parts_name_their_predictions(f"{s3}/results")
    calm = write_spec(tmp_path / "calm", f"{s3}/data", f"{s3}/calm")
    assert medsam_job(monkeypatch, calm, "--only", "predict") == 0
    assert rows(f"{s3}/results") == rows(f"{s3}/calm")


@pytest.mark.long
def test_two_workers_at_the_same_time_store_the_rows_of_one(s3, proxy, study, tmp_path, monkeypatch):
    """Processes of their own, on the same chunks, where answers are lost."""
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
    said = [worker.communicate(timeout=300)[1].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    proxy.share = 0.0
    parts_name_their_predictions(f"{s3}/results")
    calm = write_spec(tmp_path / "calm", f"{s3}/data", f"{s3}/calm")
    assert medsam_job(monkeypatch, calm, "--only", "predict") == 0
    for table in ("objects", "iou", "excluded"):
        assert rows(f"{s3}/results")[table] == rows(f"{s3}/calm")[table]


def test_a_wrong_key_ends_the_run(study, log_in, monkeypatch, capfd):
    """Before any work."""
    log_in("somebody-else", SECRET)
    assert medsam_job(monkeypatch, study) == 2
    assert "is not writable: s3://study/" in (line := refusal(capfd))
    assert "access denied: these credentials are not accepted, or no longer (InvalidAccessKeyId" in line


def test_a_key_that_may_only_read_ends_the_run(study, log_in, monkeypatch, capfd):
    """Before any work."""
    log_in(READER_KEY, READER_SECRET)
    assert medsam_job(monkeypatch, study) == 2
    assert "/results/.writable: cannot write: access denied (AccessDenied); check the cred" in refusal(capfd)


def test_a_missing_bucket_of_images_ends_the_run(s3, tmp_path, monkeypatch, capfd):
    """With the place of its name in the spec."""
    spec = write_spec(tmp_path, "s3://no-such-bucket", f"{s3}/results")
    assert medsam_job(monkeypatch, spec) == 2
    line = refusal(capfd)
    assert "study.yaml:6:5" in line
    assert "s3://no-such-bucket/images/: cannot list: there is no such bucket (NoSuchBucket); check its name" in line


def test_a_missing_bucket_for_results_ends_the_run(study, proxy, monkeypatch, capfd):
    """Before any work."""
    proxy.lasting["/results/"] = "NoSuchBucket"
    assert medsam_job(monkeypatch, study) == 2
    assert "/results/.writable: cannot write: there is no such bucket" in refusal(capfd)


@pytest.mark.parametrize("fault", ["NoSuchBucket", "AccessDenied"])
def test_a_bucket_that_is_lost_midway_ends_the_run(s3, study, proxy, monkeypatch, capfd, fault):
    """What is stored by then stays, and the next run goes on from there."""
    proxy.from_write = ("/iou/", fault)
    assert medsam_job(monkeypatch, study) == 2
    assert f"({fault})" in refusal(capfd)
    proxy.from_write = None
    proxy.lasting.clear()
    assert len(storage.list_files(f"{s3}/results/objects", "*.parquet")) == 1
    assert medsam_job(monkeypatch, study, "--only", "predict") == 0


@pytest.fixture
def full_disk(tmp_path):
    """A folder on a disk of 64 kB of its own, where this process may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk of its own can be mounted here: {mounted.stderr.strip()}; a bound on files stands for it")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # a thread that reads ahead may still be in it


def test_a_disk_that_fills_up_ends_the_run(s3, study, full_disk, monkeypatch, capfd):
    """Midway: what is stored by then stays, and nothing is half there."""
    assert medsam_job(monkeypatch, study, "--output", full_disk) == 2
    assert "the disk is full (OSError: No space left on device); make room" in refusal(capfd)
    assert list(full_disk.rglob("*.parquet"))
    assert not list(full_disk.rglob(".writing-*"))
    for path in full_disk.rglob("*.parquet"):
        pq.read_table(path)


def test_a_disk_that_fills_up_under_the_cache_ends_the_run(study, full_disk, monkeypatch, capfd):
    """It is named, and not the store from which the images come."""
    (full_disk / "other").write_bytes(bytes(60_000))
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(full_disk / "cache"))
    assert medsam_job(monkeypatch, study) == 2
    assert f"{full_disk}/cache: cannot keep copies of inputs (MEDSAM_JOB_CACHE, execution.cache_gb)" in refusal(capfd)


def test_a_bound_on_the_size_of_files_ends_the_run(study, tmp_path, monkeypatch, capfd):
    """Like a full disk. It can be set up anywhere."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        code = medsam_job(monkeypatch, study, "--output", tmp_path / "results")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 2
    assert "the file is larger than may be written there (OSError: File too large)" in refusal(capfd)
