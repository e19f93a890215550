"""Local copies of remote inputs: fetched once, complete, and with the planned content."""

import errno
import hashlib
import io
import os
import tempfile
from pathlib import Path

import pytest

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.storage import FileInfo, InputCache

SCAN = "flaky://images/scan.nii.gz"


@pytest.fixture
def scan(flaky):
    """The description of a file in the store."""
    storage.write(SCAN, b"voxels")
    flaky.calls.clear()
    (file,) = storage.list_files("flaky://images", "*")
    return file


def test_a_remote_file_is_fetched_once_for_each_version(cache, scan, flaky):
    """The copy keeps the file's suffixes, by which readers choose the format."""
    assert cache.local(scan).read_bytes() == b"voxels"
    assert cache.local(scan).name.endswith(".nii.gz")
    assert flaky.calls["open"] == 1
    storage.write(SCAN, b"others")
    assert cache.local(storage.info(SCAN)).read_bytes() == b"others"


def test_two_files_of_one_version_have_two_copies(cache, flaky):
    """As when both were written in the same second."""
    for name in ("a", "b"):
        storage.write(f"flaky://{name}", name.encode())
    flaky.store["/a"].created = flaky.store["/b"].created
    assert [cache.local(storage.info(f"flaky://{name}")).read_bytes() for name in ("a", "b")] == [b"a", b"b"]


def test_a_local_file_is_not_copied(cache, tmp_path):
    """Its own path is returned."""
    (tmp_path / "a.png").write_bytes(b"abc")
    assert cache.local(storage.info(str(tmp_path / "a.png"))) == tmp_path / "a.png"


def test_an_unreadable_local_file_is_refused(cache, tmp_path, request):
    """Its content cannot be hashed for the key."""
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    planned = storage.info(str(path))
    path.chmod(0o000)
    tmp_path.chmod(0o755)
    request.getfixturevalue("without_root")
    with pytest.raises(StoreRefusedError, match=r"a.png: cannot read: access denied"):
        cache.content_key(planned)


@pytest.mark.parametrize("damage", [lambda copy: copy.write_bytes(b"vox"), lambda copy: copy.write_bytes(b"voxelz")])
def test_a_truncated_or_altered_copy_is_fetched_again(cache, scan, damage):
    """It does not match the hash beside it."""
    damage(cache.local(scan))
    assert cache.local(scan).read_bytes() == b"voxels"


def test_a_copy_without_its_hash_is_fetched_again(cache, scan):
    """A worker may be killed before it writes the hash."""
    copy = cache.local(scan)
    Path(f"{copy}.sha256").unlink()
    copy.write_bytes(b"voxelz")
    assert cache.local(scan).read_bytes() == b"voxels"


def truncated(file):
    """Return an open file's content without its last two bytes."""
    return io.BytesIO(file.read()[:-2])


def test_an_incomplete_download_is_repeated(cache, scan, flaky):
    """The incomplete content is never used."""
    flaky.faults["open"] = [truncated, truncated]
    assert cache.local(scan).read_bytes() == b"voxels"
    assert flaky.calls["open"] == 3


def test_a_download_that_stays_incomplete_is_an_error(cache, scan, flaky):
    """The message has both lengths, and no file is left in the cache."""
    flaky.faults["open"] = [truncated] * 100
    with pytest.raises(StorageError, match="received 4 of 6 bytes; 10 attempts"):
        cache.local(scan)
    assert list(cache.folder.iterdir()) == []


def test_a_remote_file_that_changed_since_the_plan_is_refused(cache, scan):
    """Its rows would have the name of the old content."""
    storage.write(SCAN, b"others")
    with pytest.raises(StorageError, match="changed since it was planned"):
        cache.local(scan)
    assert list(cache.folder.iterdir()) == []


def test_a_remote_file_without_version_that_has_another_length_is_refused(cache, scan, flaky):
    """At the first attempt: it is not a download that broke off."""
    storage.write(SCAN, b"more voxels")
    flaky.calls.clear()
    with pytest.raises(StorageError, match="changed since it was planned"):
        cache.local(FileInfo(address=SCAN, size=6, version=""))
    assert flaky.calls["open"] == 1


def test_a_local_file_that_changed_since_the_plan_is_refused(tmp_path, cache):
    """By its length; or by its hash, if the plan has it and the modification time differs."""
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    planned = storage.info(str(path))
    keyed = InputCache(tmp_path / "cache", 100, keys={str(path): cache.content_key(planned)})
    path.write_bytes(b"xyz")
    os.utime(path, (1, 1))
    with pytest.raises(StorageError, match=r"a.png: changed since it was planned"):
        keyed.local(planned)
    path.write_bytes(b"longer")
    with pytest.raises(StorageError, match=r"a.png: changed since it was planned"):
        cache.local(planned)


def test_a_local_file_with_another_time_and_the_same_content_is_accepted(tmp_path, cache):
    """Another machine's copy of the inputs has other times."""
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    planned = storage.info(str(path))
    keyed = InputCache(tmp_path / "cache", 100, keys={str(path): cache.content_key(planned)})
    os.utime(path, (1, 1))
    assert keyed.local(planned) == path


def test_an_untouched_local_file_is_not_hashed(tmp_path, monkeypatch):
    """Its size and its modification time are the planned ones; hashing would read every image twice."""
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    monkeypatch.setattr("job.storage.cache.local.sha256", lambda path: pytest.fail("hashed"))
    keyed = InputCache(tmp_path / "cache", 100, keys={str(path): "3-unknown"})
    assert keyed.local(storage.info(str(path))) == path


def test_a_remote_file_without_version_is_fetched_each_time(tmp_path, flaky):
    """Its content must have the hash in the plan."""
    storage.write("flaky://a", b"abc")
    flaky.calls.clear()
    file = FileInfo(address="flaky://a", size=3, version="")
    keyed = InputCache(tmp_path, 100, keys={"flaky://a": f"3-{hashlib.sha256(b'abc').hexdigest()}"})
    assert [keyed.local(file).read_bytes() for _ in range(2)] == [b"abc", b"abc"]
    assert flaky.calls["open"] == 2
    storage.write("flaky://a", b"xyz")
    with pytest.raises(StorageError, match="changed since it was planned"):
        keyed.local(file)


def test_a_full_disk_of_the_cache_is_reported_as_the_caches(cache, scan, monkeypatch):
    """Not as a fault of the store; nothing of the copy is left."""

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(
        StoreRefusedError, match=r"cache: cannot keep copies of inputs \(MEDSAM_JOB_CACHE, .*disk is full"
    ):
        cache.local(scan)
    assert list(cache.folder.iterdir()) == []


def test_a_cache_folder_that_may_not_be_written_is_reported_as_the_caches(cache, scan, monkeypatch):
    """The store's permissions are right."""

    def denied(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", denied)
    with pytest.raises(StoreRefusedError, match=r"cache: cannot keep copies of inputs .*: access denied"):
        cache.local(scan)


def test_the_content_key_has_the_hash_of_a_local_file_or_the_version_of_a_remote_one(cache, tmp_path):
    """Moving a local file thus changes nothing, and a remote file is not fetched."""
    (tmp_path / "a.png").write_bytes(b"abc")
    key = cache.content_key(storage.info(str(tmp_path / "a.png")))
    assert key == f"3-{hashlib.sha256(b'abc').hexdigest()}"
    remote = storage.FileInfo(address="memory://a.png", size=3, version="etag")
    assert cache.content_key(remote) == "3-etag"
