"""Storage operations on a real S3 server."""

import os
from concurrent.futures import ThreadPoolExecutor
from shutil import make_archive

import pytest
from s3fs import S3FileSystem

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.storage import InputCache
from tests.integration.s3_server import KEY, READER_KEY, READER_SECRET, SECRET


def test_a_written_file_is_read_and_listed(s3):
    """At the endpoint in AWS_ENDPOINT_URL."""
    storage.write(f"{s3}/images/a.png", b"pixels")
    (file,) = storage.list_files(f"{s3}/images", "*.png")
    assert (file.address, file.size) == (f"{s3}/images/a.png", 6)
    assert storage.read(file.address) == b"pixels"
    assert storage.read_head(file.address, 3) == b"pix"


def test_the_version_of_a_file_changes_with_its_content(s3, tmp_path):
    """It is the ETag; a cached copy of older content is thus not used."""
    cache = InputCache(tmp_path, 10**6)
    copies = []
    for content in (b"one", b"two"):
        storage.write(f"{s3}/a", content)
        copies.append(cache.local(storage.info(f"{s3}/a")).read_bytes())
    assert copies == [b"one", b"two"]


def test_of_many_creators_at_once_one_wins(s3):
    """The server refuses the others by `If-None-Match`."""
    contents = [bytes([number]) * 1000 for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        wins = list(pool.map(lambda data: storage.create(f"{s3}/part", data), contents))
    assert wins.count(True) == 1
    assert storage.read(f"{s3}/part") == contents[wins.index(True)]


def test_a_missing_file_is_reported(s3):
    """A missing folder has no files; S3 has no folders."""
    assert storage.info(f"{s3}/none") is None
    with pytest.raises(StorageError, match="none: cannot read: nothing is there"):
        storage.read(f"{s3}/none")
    assert storage.list_files(f"{s3}/no-such-folder", "*.png") == []


@pytest.mark.parametrize(
    "operation", [lambda address: storage.list_files(address, "*.png"), storage.info, storage.read, storage.delete]
)
def test_a_missing_bucket_is_a_refusal(s3, operation):
    """For every operation: it is not an empty folder or a missing file."""
    with pytest.raises(StoreRefusedError, match=r"no-such-bucket/.*: there is no such bucket \(NoSuchBucket\); check"):
        operation("s3://no-such-bucket/a")


@pytest.mark.parametrize(("key", "secret"), [("somebody-else", SECRET), (KEY, "another-secret")])
def test_a_wrong_key_is_access_denied(s3, log_in, key, secret):
    """It is not a missing file or an empty folder. The message has no secret."""
    log_in(key, secret)
    for operation in (
        lambda: storage.write(f"{s3}/a", b""),
        lambda: storage.list_files(s3, "*"),
        lambda: storage.info(s3),
    ):
        with pytest.raises(StoreRefusedError, match="access denied") as refused:
            operation()
        assert secret not in str(refused.value)


def test_a_reader_may_not_write(s3, log_in):
    """The message has the address, the action and the remedy."""
    storage.write(f"{s3}/a", b"pixels")
    log_in(READER_KEY, READER_SECRET)
    assert storage.read(f"{s3}/a") == b"pixels"
    with pytest.raises(StoreRefusedError, match=r"/b: cannot write: access denied \(AccessDenied\); check the cred"):
        storage.create(f"{s3}/b", b"")


def test_missing_credentials_are_reported_with_the_remedy(s3, monkeypatch):
    """The request is not sent."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    S3FileSystem.clear_instance_cache()
    with pytest.raises(StoreRefusedError, match=r"no credentials were found .*; set AWS_ACCESS_KEY_ID"):
        storage.read(f"{s3}/a")


def test_an_empty_file_is_read(s3, tmp_path):
    """S3 refuses any range of its bytes."""
    storage.write(f"{s3}/a", b"")
    assert storage.read(f"{s3}/a") == storage.read_head(f"{s3}/a", 10) == b""
    assert InputCache(tmp_path, 10**6).local(storage.info(f"{s3}/a")).read_bytes() == b""


def test_files_of_other_workers_are_listed(s3):
    """No listing is kept in memory."""
    assert storage.list_files(s3, "*") == []
    storage.write(f"{s3}/a", b"1")
    assert len(storage.list_files(s3, "*")) == 1
    S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"], skip_instance_cache=True).pipe_file(f"{s3}/b", b"2")
    assert len(storage.list_files(s3, "*")) == 2
    assert storage.info(f"{s3}/b").size == 1


def test_a_file_that_changed_since_the_plan_is_refused(s3, tmp_path):
    """Its rows would have the name of the old content."""
    storage.write(f"{s3}/a", b"one")
    planned = storage.info(f"{s3}/a")
    storage.write(f"{s3}/a", b"two")
    with pytest.raises(StorageError, match="a: changed since it was planned"):
        InputCache(tmp_path, 10**6).local(planned)


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_files_in_an_archive_are_listed_and_read(s3, tmp_path, monkeypatch, ending):
    """Of zip, by ranges; of the other, from a copy that was unpacked. A changed archive is not what was planned."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    make_archive(str(tmp_path / "x"), {".zip": "zip"}.get(ending, "gztar"), write_folder(tmp_path / "set"))
    storage.write(f"{s3}/x{ending}", (tmp_path / f"x{ending}").read_bytes())
    (file,) = storage.list_files(s3, f"*{ending}#/images/*.png")
    assert file.address == f"{s3}/x{ending}#/images/Ü.png"
    assert storage.read(file.address) == b"pixels"
    cache = InputCache(tmp_path / "copies", 10**6)
    assert cache.content_key(file) == f"6-{file.version}"
    storage.write(f"{s3}/x{ending}", (tmp_path / f"x{ending}").read_bytes() + b"\0")
    with pytest.raises(StorageError, match="changed since it was planned"):
        cache.local(file)


def write_folder(folder):
    (folder / "images").mkdir(parents=True)
    (folder / "images/Ü.png").write_bytes(b"pixels")
    return folder
