"""What the cache of inputs deletes, and what it keeps."""

import os
from pathlib import Path

from job import storage


def fetch(cache, name, size, used):
    """Fetch a file of `size` bytes, and set the time in seconds at which its copy was last used."""
    storage.write(f"memory://images/{name}", name.encode() * size)
    copy = cache.local(storage.info(f"memory://images/{name}"))
    os.utime(copy, (used, used))
    return copy


def test_the_least_recently_used_copies_are_deleted(cache):
    """Beyond 100 bytes, with the files that hold their hashes, and no more than needed."""
    copies = [fetch(cache, name, 40, used) for name, used in (("a", 9), ("b", 1), ("c", 5))]
    assert [copy.exists() for copy in copies] == [True, False, True]
    names = {copy.name for copy in copies if copy.exists()}
    assert {path.name for path in cache.folder.iterdir()} == names | {f"{name}.sha256" for name in names}


def test_a_cache_that_is_exactly_full_keeps_its_copies(cache):
    """100 bytes may be used."""
    copies = [fetch(cache, name, 50, used) for name, used in (("a", 1), ("b", 2))]
    assert [copy.exists() for copy in copies] == [True, True]


def test_a_copy_that_is_used_again_is_recent(cache):
    """The time of its last use counts, not that of its download."""
    first, second = (fetch(cache, name, 40, used) for name, used in (("a", 1), ("b", 2)))
    assert cache.local(storage.info("memory://images/a")) == first
    fetch(cache, "c", 40, 3)
    assert (first.exists(), second.exists()) == (True, False)


def test_a_copy_larger_than_the_cache_is_kept_while_it_is_used(cache):
    """It is the only one, until the next file is fetched."""
    small, large = fetch(cache, "a", 40, 1), fetch(cache, "b", 400, 2)
    assert (small.exists(), large.exists()) == (False, True)
    fetch(cache, "c", 40, 3)
    assert not large.exists()


def test_files_of_others_are_kept(cache):
    """A user may name a folder that holds large old files."""
    (cache.folder / "lost+found").mkdir(parents=True)
    foreign = cache.folder / "sam_vit_b.pth"
    foreign.write_bytes(b"x" * 1000)
    os.utime(foreign, (1, 1))
    copy = fetch(cache, "a", 40, 2)
    assert foreign.exists()
    assert copy.exists()


def test_unfinished_copies_of_killed_workers_are_deleted(cache):
    """After a day; younger ones may still be downloads of another worker."""
    cache.folder.mkdir()
    old, new = (cache.folder / f".fetch-{name}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    fetch(cache, "a", 40, 2)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_folder_with_room_is_not_looked_through_for_each_copy(cache, monkeypatch):
    """It may hold many thousands. Half of the room is left to other workers."""
    looks = []
    original = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: looks.append(folder) or original(folder))
    for number in range(10):
        fetch(cache, str(number), 6, number)
    assert len(looks) == 2
