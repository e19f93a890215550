"""A folder of entries is bounded, whoever writes to it, and touches no other file."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from job.storage import BoundedFolder

A, B, C = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens the folder, of 100 bytes."""
    return lambda max_bytes=100, writers=1: BoundedFolder(str(tmp_path / "kept"), ".bin", max_bytes, writers)


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "kept").iterdir())


def test_an_entry_is_read_by_others(opened):
    """What they have not seen when they opened it, they do not look for."""
    folder, early = opened(), opened()
    assert folder.add(A, b"1234")
    assert folder.has(A)
    assert not early.has(A)
    assert opened().has(A)
    assert opened().read(A) == b"1234"


def test_an_entry_that_is_gone_is_none(opened, tmp_path):
    """Another worker may have deleted it."""
    folder = opened()
    folder.add(A, b"1234")
    (tmp_path / f"kept/{A}.bin").unlink()
    assert folder.read(A) is None


def test_an_entry_is_written_once(opened):
    """A second worker's is the same but for damage, and what is damaged is replaced on purpose."""
    first, second = opened(), opened()
    first.add(A, b"1234")
    assert second.add(A, b"9999")
    assert opened().read(A) == b"1234"
    assert second.replace(A, b"9999")
    assert opened().read(A) == b"9999"


def test_nothing_is_added_beyond_the_bound(opened, tmp_path):
    """The last byte counts; what has no space is not written; a smaller one still fits."""
    folder = opened(max_bytes=10)
    assert folder.add(A, bytes(6))
    assert not folder.add(B, bytes(5))
    assert folder.add(C, bytes(4))
    assert names(tmp_path) == [f"{A}.bin", f"{C}.bin"]


def test_what_was_there_counts(opened):
    """Also what an earlier worker added."""
    opened(max_bytes=10).add(A, bytes(6))
    assert not opened(max_bytes=10).add(B, bytes(5))


def test_workers_that_start_together_share_the_space(opened, tmp_path):
    """Four of them with all their threads stay below the bound."""
    folders = [opened(max_bytes=40, writers=4) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            pool.submit(folders[number % 4].add, f"{number:064x}", bytes(3))
    sizes = [path.stat().st_size for path in (tmp_path / "kept").iterdir()]
    assert sum(sizes) == 36  # each has a share of ten bytes, which three entries fill to nine


def test_what_exceeds_the_bound_is_deleted_when_the_folder_is_opened(opened, tmp_path):
    """All workers delete the same entries: those of the last names."""
    folder = opened()
    for name in (C, A, B):
        folder.add(name, bytes(4))
    reopened = opened(max_bytes=8)
    assert names(tmp_path) == [f"{A}.bin", f"{B}.bin"]
    assert not reopened.has(C)
    assert not reopened.add(C, bytes(1))


def test_files_of_others_are_kept_and_do_not_count(opened, tmp_path):
    """Such as weights in the same folder."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/weights.bin").write_bytes(bytes(1000))
    folder = opened(max_bytes=1)
    assert (tmp_path / "kept/weights.bin").exists()
    assert folder.add(A, b"1")


def test_what_a_killed_worker_left_half_written_is_deleted_after_a_day(opened, tmp_path):
    """Not before: another worker may be writing it."""
    (tmp_path / "kept").mkdir()
    old, new = tmp_path / "kept/.writing-old", tmp_path / "kept/.writing-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    opened()
    assert (old.exists(), new.exists()) == (False, True)
