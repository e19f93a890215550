"""Files at any address: listed, read, cached, written whole or not at all."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from job import storage
from job.errors import StorageError
from job.storage import InputCache

MNI = "package://nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path):
    """An empty folder in each kind of store."""
    return str(tmp_path) if request.param == "local" else f"memory://{tmp_path.name}"


@pytest.fixture
def cache(tmp_path):
    return InputCache(tmp_path / "cache", max_bytes=100)


def test_what_was_written_is_read(folder):
    """In folders that did not exist before."""
    address = storage.join(folder, "a", "b.bin")
    storage.write(address, b"one")
    storage.write(address, b"two")
    assert storage.read(address) == b"two"
    assert storage.read_head(address, 2) == b"tw"


def test_files_are_listed_by_pattern_in_order(folder):
    """Wildcards within a name and over folders; folders are not files."""
    for name in ("b.png", "a.png", "deep/c.png", "d.txt"):
        storage.write(storage.join(folder, name), b"12")
    names = [file.address.rsplit("/", 1)[-1] for file in storage.list_files(storage.join(folder, "*.png"))]
    assert names == ["a.png", "b.png"]
    assert len(storage.list_files(storage.join(folder, "**", "*.png"))) == 3
    assert {file.size for file in storage.list_files(storage.join(folder, "*"))} == {2}


def test_a_pattern_that_matches_nothing_is_an_empty_list(folder):
    """Not an error: the caller knows what it means."""
    assert storage.list_files(storage.join(folder, "none", "*.png")) == []


def test_why_nothing_matches_is_told(folder):
    """A missing folder is another mistake than a wrong ending."""
    storage.write(storage.join(folder, "a", "b.png"), b"")
    assert storage.why_nothing_matches(storage.join(folder, "a", "*.jpg")) == "no file matches this pattern"
    assert "there is no folder" in storage.why_nothing_matches(storage.join(folder, "none", "*.png"))


def test_a_folder_that_may_not_be_read_is_access_denied(tmp_path):
    """Not an empty one."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        with pytest.raises(StorageError, match=r"cannot list: access denied"):
            storage.why_nothing_matches(f"{closed}/*.png")
    finally:
        os.seteuid(user)


def test_a_file_that_is_not_there_has_no_info(folder):
    """And reading it is an error that names it."""
    address = storage.join(folder, "none.png")
    assert storage.info(address) is None
    with pytest.raises(StorageError, match=r"none.png: cannot read: nothing is there"):
        storage.read(address)


def test_only_the_first_to_create_a_file_writes_it(folder):
    """The second is told, and the file stays as it was."""
    address = storage.join(folder, "part.parquet")
    assert storage.create(address, b"first")
    assert not storage.create(address, b"second")
    assert storage.read(address) == b"first"


def test_of_many_creators_at_once_one_wins(tmp_path):
    """The file is one of theirs, whole; nothing else is left beside it."""
    contents = [bytes([number]) * 100_000 for number in range(8)]
    address = str(tmp_path / "part")
    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(lambda data: storage.create(address, data), contents))
    assert wins.count(True) == 1
    assert storage.read(address) == contents[wins.index(True)]
    assert os.listdir(tmp_path) == ["part"]  # noqa: PTH208


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path, monkeypatch):
    """As when the disk is full."""
    storage.write(str(tmp_path / "a"), b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        storage.write(str(tmp_path / "a"), b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_deleting_what_is_gone_is_no_error(folder):
    """Two workers may clean up the same file."""
    address = storage.join(folder, "a")
    storage.write(address, b"")
    storage.delete(address)
    storage.delete(address)
    assert storage.info(address) is None


def test_a_file_inside_a_python_package_has_an_address(cache):
    """Its own path serves as local copy."""
    (file,) = storage.list_files(MNI)
    assert file.address == MNI
    assert cache.local(file).name.startswith("mni_icbm152_t1")
    assert len(storage.list_files("package://nilearn/datasets/data/mni_icbm152_*.nii.gz")) == 3


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("package://no_such_package/a", "no Python package 'no_such_package' is installed"),
        ("package://nilearn/../numpy/__init__.py", "leads out of the package"),
        ("package://../etc/passwd", "no Python package"),
    ],
)
def test_a_package_address_stays_inside_its_package(address, reason):
    """Nothing else on the disk can be reached by it."""
    with pytest.raises(StorageError, match=reason):
        storage.info(address)


def test_an_unknown_kind_of_address_is_refused_plainly():
    """With the adapters' own words."""
    with pytest.raises(StorageError, match="Protocol not known: nowhere"):
        storage.info("nowhere://bucket/a")


def test_a_remote_file_is_fetched_once_for_each_version(cache):
    """The copy has the file's endings, which readers go by."""
    address = "memory://images/scan.nii.gz"
    storage.write(address, b"voxels")
    file = storage.info(address)
    copy = cache.local(file)
    assert copy.read_bytes() == b"voxels"
    assert copy.name.endswith(".nii.gz")
    copy.write_bytes(b"marked")
    assert cache.local(file).read_bytes() == b"marked"
    changed = storage.FileInfo(address=address, size=6, version="another")
    assert cache.local(changed).read_bytes() == b"voxels"


def test_a_copy_that_came_incomplete_is_never_used(cache):
    """It is not kept either."""
    storage.write("memory://images/a.png", b"12345")
    with pytest.raises(StorageError, match="came incomplete, 5 of 9 bytes"):
        cache.local(storage.FileInfo(address="memory://images/a.png", size=9, version="1"))
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


def test_content_is_named_by_its_hash_where_that_is_cheap(cache, tmp_path):
    """Local files by sha256, so that moving them changes nothing; remote ones by the store's version."""
    (tmp_path / "a.png").write_bytes(b"abc")
    key = cache.content_key(storage.info(str(tmp_path / "a.png")))
    assert key == f"3-{hashlib.sha256(b'abc').hexdigest()}"
    remote = storage.FileInfo(address="memory://a.png", size=3, version="etag")
    assert cache.content_key(remote) == "3-etag"


def test_addresses_are_shown_without_secrets():
    """In logs, plans and manifests."""
    assert storage.public("https://user:secret@host:1/a.png?token=x") == "https://host:1/a.png"
    assert storage.public("s3://bucket/a.png") == "s3://bucket/a.png"
    assert storage.public("/data/a.png") == "/data/a.png"
