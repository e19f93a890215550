"""Storage on a real S3 server."""

import os
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pytest

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.storage import InputCache
from job.storage.s3 import S3
from tests.integration.s3_server import KEY, READER_KEY, READER_SECRET, SECRET


def test_what_was_written_is_read_and_listed(s3):
    """By the endpoint that AWS_ENDPOINT_URL names."""
    storage.write(f"{s3}/images/a.png", b"pixels")
    (file,) = storage.list_files(f"{s3}/images", "*.png")
    assert (file.address, file.size) == (f"{s3}/images/a.png", 6)
    assert storage.read(file.address) == b"pixels"
    assert storage.read_head(file.address, 3) == b"pix"


def test_the_version_of_a_file_changes_with_its_content(s3, tmp_path):
    """It is the ETag, so that a cached copy of an older content is not used."""
    cache = InputCache(tmp_path, 10**6)
    copies = []
    for content in (b"one", b"two"):
        storage.write(f"{s3}/a", content)
        copies.append(cache.local(storage.info(f"{s3}/a")).read_bytes())
    assert copies == [b"one", b"two"]


def test_of_many_creators_at_once_one_wins(s3):
    """Create-only writes, `If-None-Match`, over the wire."""
    contents = [bytes([number]) * 1000 for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        wins = list(pool.map(lambda data: storage.create(f"{s3}/part", data), contents))
    assert wins.count(True) == 1
    assert storage.read(f"{s3}/part") == contents[wins.index(True)]


def test_what_is_not_there_is_said_plainly(s3):
    """A missing file; a missing folder is an empty one."""
    assert storage.info(f"{s3}/none") is None
    with pytest.raises(StorageError, match="none: cannot read: nothing is there"):
        storage.read(f"{s3}/none")
    assert storage.list_files(f"{s3}/no-such-folder", "*.png") == []


@pytest.mark.parametrize(
    "use", [lambda address: storage.list_files(address, "*.png"), storage.info, storage.read, storage.delete]
)
def test_a_missing_bucket_is_refused(s3, use):
    """By every operation: it is no empty folder, and no missing file."""
    with pytest.raises(StoreRefusedError, match=r"no-such-bucket/.*: there is no such bucket \(NoSuchBucket\); check"):
        use("s3://no-such-bucket/a")


@pytest.mark.parametrize(("key", "secret"), [("somebody-else", SECRET), (KEY, "another-secret")])
def test_a_wrong_key_is_access_denied(s3, log_in, key, secret):
    """Not a missing file, nor an empty folder; what is said holds no secret."""
    log_in(key, secret)
    for use in (lambda: storage.write(f"{s3}/a", b""), lambda: storage.list_files(s3, "*"), lambda: storage.info(s3)):
        with pytest.raises(StoreRefusedError, match="access denied") as told:
            use()
        assert secret not in str(told.value)


def test_who_may_only_read_is_denied_writing(s3, log_in):
    """The sentence names the address, what was tried, and the way out."""
    storage.write(f"{s3}/a", b"pixels")
    log_in(READER_KEY, READER_SECRET)
    assert storage.read(f"{s3}/a") == b"pixels"
    with pytest.raises(StoreRefusedError, match=r"/b: cannot write: access denied \(AccessDenied\); check the cred"):
        storage.create(f"{s3}/b", b"")


def test_without_credentials_it_is_said_how_to_give_some(s3, monkeypatch):
    """Not that the request was bad."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(StoreRefusedError, match=r"no credentials were found .*; set AWS_ACCESS_KEY_ID"):
        storage.read(f"{s3}/a")


def test_an_empty_file_is_read(s3, tmp_path):
    """Of which no range of bytes can be asked for."""
    storage.write(f"{s3}/a", b"")
    assert storage.read(f"{s3}/a") == storage.read_head(f"{s3}/a", 10) == b""
    assert InputCache(tmp_path, 10**6).local(storage.info(f"{s3}/a")).read_bytes() == b""


def test_what_others_write_is_seen(s3):
    """No listing is remembered: other workers write there too."""
    assert storage.list_files(s3, "*") == []
    storage.write(f"{s3}/a", b"1")
    assert len(storage.list_files(s3, "*")) == 1
    S3(endpoint_url=os.environ["AWS_ENDPOINT_URL"], skip_instance_cache=True).pipe_file(f"{s3}/b", b"2")
    assert len(storage.list_files(s3, "*")) == 2
    assert storage.info(f"{s3}/b").size == 1


def test_a_file_that_changed_since_it_was_listed_is_not_used(s3, tmp_path):
    """It would be evaluated under the name of the old content."""
    storage.write(f"{s3}/a", b"one")
    planned = storage.info(f"{s3}/a")
    storage.write(f"{s3}/a", b"two")
    with pytest.raises(StorageError, match="a: changed since it was planned"):
        InputCache(tmp_path, 10**6).local(planned)


def test_a_large_file_is_fetched_in_blocks(s3, tmp_path, monkeypatch):
    """All of one version, and the sum of all of them is checked."""
    monkeypatch.setattr("job.storage.s3.BLOCK", 1000)
    content = bytes(range(250)) * 13
    storage.write(f"{s3}/a", content)
    assert InputCache(tmp_path, 10**6).local(storage.info(f"{s3}/a")).read_bytes() == content
