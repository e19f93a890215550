"""Storage on a real S3 server."""

from concurrent.futures import ThreadPoolExecutor

import fsspec
import pytest

from job import storage
from job.errors import StorageError
from job.storage import InputCache


def test_what_was_written_is_read_and_listed(s3):
    """By the endpoint that AWS_ENDPOINT_URL names."""
    storage.write(f"{s3}/images/a.png", b"pixels")
    (file,) = storage.list_files(f"{s3}/images/*.png")
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
    """A missing file, and a pattern in a missing bucket."""
    assert storage.info(f"{s3}/none") is None
    with pytest.raises(StorageError, match="none: cannot read: nothing is there"):
        storage.read(f"{s3}/none")
    assert storage.list_files("s3://no-such-bucket/*.png") == []


def test_a_wrong_key_is_access_denied(s3, monkeypatch):
    """Not a missing file."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-else")
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(StorageError, match="access denied"):
        storage.write(f"{s3}/a", b"")
