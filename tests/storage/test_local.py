"""Files on a local disk: written completely, or not at all."""

import errno
import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.storage import local


def test_a_file_is_created_only_where_there_is_none(tmp_path):
    """An existing file stays as it is, and no temporary file is left."""
    local.write(tmp_path / "part", b"first", replace=False)
    with pytest.raises(FileExistsError):
        local.write(tmp_path / "part", b"second", replace=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"part": b"first"}


def test_a_file_is_replaced_on_request(tmp_path):
    """Nothing of the old content stays."""
    local.write(tmp_path / "a", b"a long content", replace=True)
    local.write(tmp_path / "a", b"short", replace=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"short"}


def test_everyone_may_read_a_file(tmp_path):
    """Temporary files have mode 0600; another user's statistics read the results."""
    for replace in (False, True):
        local.write(tmp_path / "a", b"", replace=replace)
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
        (tmp_path / "a").unlink()


@pytest.mark.parametrize(("replace", "owner", "function"), [(True, Path, "replace"), (False, os, "link")])
def test_the_content_is_complete_before_the_file_has_its_name(tmp_path, monkeypatch, replace, owner, function):
    """And on the disk, not in a buffer."""
    give_name, fsync, events = getattr(owner, function), os.fsync, []

    def recorded_fsync(descriptor):
        events.append(os.fstat(descriptor).st_size)
        fsync(descriptor)

    def recorded_name(source, target):
        events.append(Path(source).read_bytes())
        give_name(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(owner, function, recorded_name)
    local.write(tmp_path / "a", b"pixels", replace=replace)
    assert events == [6, b"pixels"]


def test_of_many_creators_at_once_one_wins(tmp_path):
    """The file is complete, and no other is left beside it."""
    contents = [bytes([number]) * 100_000 for number in range(8)]
    address = str(tmp_path / "part")
    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(lambda data: storage.create(address, data), contents))
    assert wins.count(True) == 1
    assert storage.read(address) == contents[wins.index(True)]
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch, number):
    """A full disk is reported at once, with the file's address."""
    storage.write(str(tmp_path / "a"), b"old")

    def full(descriptor):
        raise OSError(number, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreRefusedError, match=f"a: cannot write: .*{os.strerror(number)}"):
        storage.write(str(tmp_path / "a"), b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


@pytest.fixture(params=[errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL])
def without_links(request, monkeypatch):
    """A file system without hard links; each says so in its own way."""

    def no_links(source, target):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(os, "link", no_links)


def test_a_disk_without_hard_links_creates_files(tmp_path, without_links):
    """The first to create a file writes it; nothing else is left."""
    assert storage.create(str(tmp_path / "a"), b"first")
    assert not storage.create(str(tmp_path / "a"), b"second")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"first"}


def test_a_disk_without_hard_links_is_left_empty_by_a_failed_write(tmp_path, without_links, monkeypatch):
    """An empty file would be taken for the whole one."""

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreRefusedError, match="a: cannot write: the disk is full"):
        storage.create(str(tmp_path / "a"), b"first")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_permissions_is_written(tmp_path, monkeypatch):
    """As one of a network or of another system is, where it is mounted."""

    def refuse(path, mode):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    local.write(tmp_path / "a", b"content", replace=False)
    assert (tmp_path / "a").read_bytes() == b"content"


def test_the_hash_is_sha256(tmp_path):
    """That of `abc` is the first example of FIPS 180-2."""
    (tmp_path / "a").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert local.sha256(tmp_path / "a") == expected


@pytest.fixture
def read_anew(monkeypatch):
    """The files that are read to be hashed, in order, of which the last change counts as long ago."""
    paths, sha256 = [], local.sha256
    monkeypatch.setattr(local, "SETTLED_S", -1)
    monkeypatch.setattr(local, "sha256", lambda path: paths.append(path.name) or sha256(path))
    return paths


def test_a_file_that_nobody_writes_is_hashed_once(tmp_path, read_anew):
    """The answer is that of hashlib."""
    (tmp_path / "a").write_bytes(b"weights")
    expected = hashlib.sha256(b"weights").hexdigest()
    assert [local.remembered_sha256(tmp_path / "a") for _ in range(3)] == [expected] * 3
    assert read_anew == ["a"]


@pytest.mark.parametrize("write", [Path.write_bytes, lambda path, data: local.write(path, data, replace=True)])
def test_a_file_that_is_written_is_hashed_again(tmp_path, read_anew, write):
    """In its place or by another one, with as many bytes, and with the time of the old one."""
    (tmp_path / "a").write_bytes(b"weights")
    local.remembered_sha256(tmp_path / "a")
    status = (tmp_path / "a").stat()
    time.sleep(0.05)
    write(tmp_path / "a", b"changed")
    os.utime(tmp_path / "a", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert local.remembered_sha256(tmp_path / "a") == hashlib.sha256(b"changed").hexdigest()


def test_the_hash_of_a_file_that_was_just_written_is_not_remembered(tmp_path):
    """The next bytes might have the same time of change."""
    for content in (b"one", b"two", b"six"):
        (tmp_path / "a").write_bytes(content)
        assert local.remembered_sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_a_file_that_is_missing_has_no_hash(tmp_path):
    """The error is one of storage."""
    with pytest.raises(StorageError):
        storage.remembered_sha256(tmp_path / "none")
