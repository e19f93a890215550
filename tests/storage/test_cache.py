"""Local copies of remote inputs: fetched once, whole, and never of another content than was planned."""

import errno
import hashlib
import io
import os
from pathlib import Path

import pytest

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.storage import FileInfo, InputCache

SCAN = "flaky://images/scan.nii.gz"


@pytest.fixture
def cache(tmp_path):
    return InputCache(tmp_path / "cache", max_bytes=100)


@pytest.fixture
def scan(flaky):
    """A file in the store."""
    storage.write(SCAN, b"voxels")
    flaky.calls.clear()
    (listed,) = storage.list_files("flaky://images", "*")
    return listed


def test_a_remote_file_is_fetched_once_for_each_version(cache, scan, flaky):
    """The copy has the file's endings, which readers go by."""
    assert cache.local(scan).read_bytes() == b"voxels"
    assert cache.local(scan).name.endswith(".nii.gz")
    assert flaky.calls["open"] == 1
    storage.write(SCAN, b"others")
    assert cache.local(storage.info(SCAN)).read_bytes() == b"others"


def test_a_file_of_this_machine_is_its_own_copy(cache, tmp_path):
    """In a folder, or in a package."""
    (tmp_path / "a.png").write_bytes(b"abc")
    assert cache.local(storage.info(str(tmp_path / "a.png"))) == tmp_path / "a.png"


def test_a_file_of_this_machine_that_may_not_be_read_is_refused(cache, tmp_path):
    """When its content is to be named."""
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    planned = storage.info(str(path))
    path.chmod(0o000)
    tmp_path.chmod(0o755)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        with pytest.raises(StoreRefusedError, match=r"a.png: cannot read: access denied"):
            cache.content_key(planned)
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("damage", [lambda copy: copy.write_bytes(b"vox"), lambda copy: copy.write_bytes(b"voxelz")])
def test_a_copy_that_was_cut_short_or_altered_is_fetched_again(cache, scan, damage):
    """Its hash lies beside it."""
    damage(cache.local(scan))
    assert cache.local(scan).read_bytes() == b"voxels"


def test_a_copy_without_its_hash_is_fetched_again(cache, scan):
    """As after a kill between the two."""
    copy = cache.local(scan)
    Path(f"{copy}.sha256").unlink()
    copy.write_bytes(b"voxelz")
    assert cache.local(scan).read_bytes() == b"voxels"


def cut(remote):
    """Give what an opened file would, but two bytes less."""
    return io.BytesIO(remote.read()[:-2])


def test_what_comes_incomplete_is_fetched_again(cache, scan, flaky):
    """It is never used."""
    flaky.faults["open"] = [cut, cut]
    assert cache.local(scan).read_bytes() == b"voxels"
    assert flaky.calls["open"] == 3


def test_what_stays_incomplete_is_an_error_and_not_kept(cache, scan, flaky):
    """With how much came."""
    flaky.faults["open"] = [cut] * 100
    with pytest.raises(StorageError, match="4 of 6 bytes came; 10 attempts"):
        cache.local(scan)
    assert list(cache.folder.iterdir()) == []


def test_a_remote_file_that_changed_since_it_was_planned_is_not_used(cache, scan):
    """It would be evaluated under the name of the old content."""
    storage.write(SCAN, b"others")
    with pytest.raises(StorageError, match="changed since it was planned"):
        cache.local(scan)
    assert list(cache.folder.iterdir()) == []


def test_a_local_file_that_changed_since_it_was_planned_is_not_used(tmp_path, cache):
    """Of another length; or, where the plan tells the hash, of the same."""
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


def test_a_local_file_with_another_time_and_the_same_content_is_the_one_that_was_planned(tmp_path, cache):
    """As on another machine, where another shard runs."""
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    planned = storage.info(str(path))
    keyed = InputCache(tmp_path / "cache", 100, keys={str(path): cache.content_key(planned)})
    os.utime(path, (1, 1))
    assert keyed.local(planned) == path


def test_a_remote_file_without_version_is_known_by_its_hash(cache, scan, tmp_path):
    """It is fetched each time, and must have the content of the plan."""
    storage.write("flaky://a", b"abc")
    planned = FileInfo(address="flaky://a", size=3, version=storage.info("flaky://a").version)
    key = f"3-{hashlib.sha256(b'xyz').hexdigest()}"
    keyed = InputCache(tmp_path / "cache", 100, keys={"flaky://a": key})
    assert cache.local(planned).read_bytes() == b"abc"
    with pytest.raises(StorageError, match="changed since it was planned"):
        keyed.local(FileInfo(address="flaky://a", size=3, version=""))


def test_a_full_disk_under_the_cache_is_named_as_such(cache, scan, monkeypatch):
    """Not as a fault of the store; nothing stays of the copy."""

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(
        StoreRefusedError, match=r"cache: cannot keep copies of inputs \(MEDSAM_JOB_CACHE, .*disk is full"
    ):
        cache.local(scan)
    assert list(cache.folder.iterdir()) == []


def test_the_cache_drops_what_was_not_used_for_longest(cache):
    """Beyond its bound of 100 bytes."""
    copies = {}
    for number, name in enumerate("abc"):
        storage.write(f"memory://images/{name}", name.encode() * 40)
        copies[name] = cache.local(storage.info(f"memory://images/{name}"))
        os.utime(copies[name], (number, number))
        if name == "b":
            os.utime(copies["a"], (9, 9))
    assert {name for name, copy in copies.items() if copy.exists()} == {"a", "c"}


def test_what_is_not_its_own_stays(cache, scan):
    """A user's files and folders, however old and large, where the cache was given their folder."""
    (cache.folder / "lost+found").mkdir(parents=True)
    own = cache.folder / "sam_vit_b.pth"
    own.write_bytes(b"x" * 1000)
    os.utime(own, (1, 1))
    cache.local(scan)
    assert own.exists()
    assert cache.local(scan).exists()


def test_what_a_killed_worker_left_is_dropped(cache, scan):
    """A day later; what is being fetched stays."""
    cache.folder.mkdir()
    old, new = (cache.folder / f".fetch-{name}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    cache.local(scan)
    assert (old.exists(), new.exists()) == (False, True)


def test_content_is_named_by_its_hash_where_that_is_cheap(cache, tmp_path):
    """Local files by sha256, so that moving them changes nothing; remote ones by the store's version."""
    (tmp_path / "a.png").write_bytes(b"abc")
    key = cache.content_key(storage.info(str(tmp_path / "a.png")))
    assert key == f"3-{hashlib.sha256(b'abc').hexdigest()}"
    remote = storage.FileInfo(address="memory://a.png", size=3, version="etag")
    assert cache.content_key(remote) == "3-etag"
