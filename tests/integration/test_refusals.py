"""Studies on a real S3 server or a disk that refuses: the run ends with one line, and with 2, or 4 for a full disk."""

import resource
import subprocess

import pyarrow.parquet as pq
import pytest

from job import storage
from tests.cases import medsam_job
from tests.integration.s3_server import READER_KEY, READER_SECRET, SECRET
from tests.integration.studies import refusal, write_spec

pytestmark = pytest.mark.usefixtures("quick_models")


def test_a_wrong_key_ends_the_run(study, log_in, monkeypatch, capfd):
    """Before any work."""
    log_in("somebody-else", SECRET)
    assert medsam_job(monkeypatch, study) == 2
    assert "is not writable: s3://study/" in (line := refusal(capfd))
    assert "access denied: the credentials are not valid or have expired (InvalidAccessKeyId" in line


def test_a_key_that_may_only_read_ends_the_run(study, log_in, monkeypatch, capfd):
    """Before any work."""
    log_in(READER_KEY, READER_SECRET)
    assert medsam_job(monkeypatch, study) == 2
    assert "-written: cannot write: access denied (AccessDenied); check the cred" in refusal(capfd)


def test_a_missing_bucket_of_images_ends_the_run(s3, tmp_path, monkeypatch, capfd):
    """The line has the place of the bucket's name in the spec."""
    spec = write_spec(tmp_path, "s3://no-such-bucket", f"{s3}/results")
    assert medsam_job(monkeypatch, spec) == 2
    line = refusal(capfd)
    assert "study.yaml:6:5" in line
    assert "s3://no-such-bucket/images/*.*: cannot list: there is no such bucket (NoSuchBucket); check its name" in line


def test_a_missing_bucket_for_results_ends_the_run(study, proxy, monkeypatch, capfd):
    """Before any work."""
    proxy.lasting["/results/"] = "NoSuchBucket"
    assert medsam_job(monkeypatch, study) == 2
    assert "-written: cannot write: there is no such bucket" in refusal(capfd)


def test_a_store_without_create_only_writes_ends_the_run(s3, study, proxy, monkeypatch, capfd):
    """Before any work; nothing is left in the output."""
    proxy.creates = "NotImplemented"
    for command in ([study], ["plan", study, "--store"]):
        assert medsam_job(monkeypatch, *command) == 2
        assert "/results: the store has no create-only writes (on S3: PUT with If-None-Match)" in refusal(capfd)
    assert storage.list_files(f"{s3}/results", "**") == []


def test_a_doubled_slash_is_taken_as_one(s3, study, monkeypatch, capfd):
    """Stores that keep keys as paths, as the server of these tests does, list nothing below a doubled slash."""
    address = s3.replace("s3://study/", "s3://study//") + "//again"
    assert medsam_job(monkeypatch, study, "--output", address, "--only", "predict") == 0
    assert storage.list_files(f"{s3}/again/iou", "*.parquet")
    assert medsam_job(monkeypatch, study, "--output", address, "--only", "predict") == 0
    assert "nothing to do" in capfd.readouterr().err


@pytest.mark.parametrize("fault", ["NoSuchBucket", "AccessDenied"])
def test_a_bucket_that_is_lost_midway_ends_the_run(s3, study, proxy, monkeypatch, capfd, fault):
    """What is already stored stays, and the next run continues from there."""
    proxy.from_write = ("/iou/", fault)
    assert medsam_job(monkeypatch, study) == 2
    assert f"({fault})" in refusal(capfd)
    proxy.from_write = None
    proxy.lasting.clear()
    assert len(storage.list_files(f"{s3}/results/objects", "*.parquet")) == 1
    assert medsam_job(monkeypatch, study, "--only", "predict") == 0


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 64 kB; skip where this process may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a disk: {mounted.stderr.strip()}; the test of a file size limit replaces this one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # a prefetching thread may still use it


def test_a_disk_that_fills_up_ends_the_run(s3, study, small_disk, monkeypatch, capfd):
    """What is already stored stays, and no file is incomplete."""
    assert medsam_job(monkeypatch, study, "--output", small_disk) == 4
    assert "the disk is full (OSError: No space left on device); free some space" in refusal(capfd)
    assert list(small_disk.rglob("*.parquet"))
    assert not list(small_disk.rglob(".writing-*"))
    for path in small_disk.rglob("*.parquet"):
        pq.read_table(path)


def test_a_disk_that_fills_up_under_the_cache_ends_the_run(study, small_disk, monkeypatch, capfd):
    """The line names the cache, not the store of the images."""
    (small_disk / "other").write_bytes(bytes(60_000))
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(small_disk / "cache"))
    assert medsam_job(monkeypatch, study) == 4
    assert f"{small_disk}/cache: cannot keep copies of inputs (MEDSAM_JOB_CACHE, execution.cache_gb)" in refusal(capfd)


def test_a_limit_on_the_size_of_files_ends_the_run(study, tmp_path, monkeypatch, capfd):
    """Like a full disk; unlike one, it can be set up anywhere."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        code = medsam_job(monkeypatch, study, "--output", tmp_path / "results")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 2
    assert "the file exceeds the size limit of this location (OSError: File too large)" in refusal(capfd)
