"""Files at any address: listed, read, cached, written whole or not at all."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from job import storage
from job.errors import StorageError, StoreRefusedError

MNI = "package://nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path):
    """An empty folder in each kind of store."""
    return str(tmp_path) if request.param == "local" else f"memory://{tmp_path.name}"


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
    names = [file.address.rsplit("/", 1)[-1] for file in storage.list_files(folder, "*.png")]
    assert names == ["a.png", "b.png"]
    assert len(storage.list_files(folder, "**/*.png")) == 3
    assert {file.size for file in storage.list_files(folder, "*")} == {2}


def test_a_folder_is_taken_as_it_is_written(folder, monkeypatch):
    """Whatever its name holds; so is the working folder, from which relative addresses count."""
    strange = storage.join(folder, "run [v2]*")
    storage.write(storage.join(strange, "deep", "a.png"), b"12")
    storage.write(storage.join(folder, "run v", "deep", "a.png"), b"12")
    assert [file.address.split("/")[-3] for file in storage.list_files(strange, "**/*.png")] == ["run [v2]*"]
    if "://" not in folder:
        monkeypatch.chdir(strange)
        assert len(storage.list_files("deep", "*.png")) == 1


def test_a_pattern_that_matches_nothing_is_an_empty_list(folder):
    """Not an error: the caller knows what it means."""
    assert storage.list_files(storage.join(folder, "none"), "*.png") == []


def test_why_nothing_matches_is_told(folder):
    """A missing folder is another mistake than a wrong ending."""
    storage.write(storage.join(folder, "a", "b.png"), b"")
    assert storage.why_nothing_matches(storage.join(folder, "a")) == "no file matches this pattern"
    assert "there is no folder" in storage.why_nothing_matches(storage.join(folder, "none"))


def test_a_folder_that_may_not_be_read_is_access_denied(tmp_path):
    """Not an empty one."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        with pytest.raises(StorageError, match=r"cannot list: access denied"):
            storage.why_nothing_matches(str(closed))
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


def test_who_creates_what_is_there_already_is_told_that_it_lies_there(folder):
    """As when the answer to a first attempt was lost, and a second finds the file."""
    address = storage.join(folder, "part.parquet")
    assert storage.create(address, b"same")
    assert storage.create(address, b"same")


def test_a_create_whose_answer_was_lost_is_a_success(flaky):
    """It was carried out; the next attempt finds the own content."""

    def lost(result):
        raise ConnectionResetError

    flaky.faults["pipe_file"] = [lost]
    assert storage.create("flaky://a", b"own")
    assert flaky.calls["pipe_file"] == 2


def test_a_create_that_another_worker_won_meanwhile_is_none(flaky):
    """The other's file stays."""
    storage.write("flaky://a", b"another's")
    flaky.faults["pipe_file"] = [ConnectionResetError()]
    assert not storage.create("flaky://a", b"own")
    assert storage.read("flaky://a") == b"another's"


@pytest.mark.parametrize(
    ("operation", "use", "gives"),
    [
        ("cat_file", storage.read, b"pixels"),
        ("cat_file", lambda address: storage.read_head(address, 3), b"pix"),
        ("info", lambda address: storage.info(address).size, 6),
        ("glob", lambda address: len(storage.list_files("flaky://images", "*.png")), 1),
        ("pipe_file", lambda address: storage.write(address, b""), None),
        ("rm_file", storage.delete, None),
    ],
)
def test_what_may_pass_is_tried_again(flaky, operation, use, gives):
    """Every operation goes on after resets, time-outs, and answers that say that the store is busy."""
    storage.write("flaky://images/a.png", b"pixels")
    flaky.calls.clear()
    flaky.faults[operation] = [ConnectionResetError(), TimeoutError(), OSError(errno.EBUSY, "slow down")]
    assert use("flaky://images/a.png") == gives
    assert flaky.calls[operation] == 4


def test_what_does_not_pass_in_time_is_an_error(flaky):
    """It says how often it was tried."""
    storage.write("flaky://a.png", b"pixels")
    flaky.faults["cat_file"] = [ConnectionResetError()] * 100
    with pytest.raises(StorageError, match=r"a.png: cannot read: ConnectionResetError; 10 attempts in 0 s failed; run"):
        storage.read("flaky://a.png")


def test_what_is_refused_is_said_at_once(flaky):
    """Another attempt would hear the same."""
    flaky.faults["cat_file"] = [PermissionError(errno.EACCES, "no")]
    with pytest.raises(StoreRefusedError, match=r"a.png: cannot read: access denied"):
        storage.read("flaky://a.png")
    assert flaky.calls["cat_file"] == 1


def test_a_short_read_is_read_again(flaky):
    """The store says how long the file is."""
    storage.write("flaky://a.png", b"pixels")
    flaky.faults["cat_file"] = [lambda data: data[:2], lambda data: data[:5]]
    assert storage.read("flaky://a.png") == b"pixels"
    flaky.faults["cat_file"] = [lambda data: data[:2]]
    assert storage.read_head("flaky://a.png", 4) == b"pixe"


def test_not_every_not_found_means_that_nothing_is_there(flaky):
    """Some adapters say so of whatever failed, and name the cause."""
    storage.write("flaky://a.png", b"pixels")
    hidden = FileNotFoundError("flaky://a.png")
    hidden.__cause__ = TimeoutError()
    flaky.faults["info"] = [hidden]
    assert storage.info("flaky://a.png").size == 6


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path, monkeypatch, number):
    """A full disk is said at once, with the file's address."""
    storage.write(str(tmp_path / "a"), b"old")

    def full(descriptor):
        raise OSError(number, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreRefusedError, match=f"a: cannot write: .*{os.strerror(number)}"):
        storage.write(str(tmp_path / "a"), b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_a_disk_without_hard_links_is_refused(tmp_path, monkeypatch):
    """By them alone a file gets a name that no other has."""

    def no_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(StoreRefusedError, match="a: cannot write: this file system has no hard links"):
        storage.create(str(tmp_path / "a"), b"")
    assert list(tmp_path.iterdir()) == []


def test_deleting_what_is_gone_is_no_error(folder):
    """Two workers may clean up the same file."""
    address = storage.join(folder, "a")
    storage.write(address, b"")
    storage.delete(address)
    storage.delete(address)
    assert storage.info(address) is None


def test_a_file_inside_a_python_package_has_an_address():
    """It is listed under it."""
    (file,) = storage.list_files(*MNI.rsplit("/", 1))
    assert file.address == MNI
    assert storage.local_path(MNI).name.startswith("mni_icbm152_t1")
    assert len(storage.list_files("package://nilearn/datasets/data", "mni_icbm152_*.nii.gz")) == 3


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


def test_addresses_are_shown_without_secrets():
    """In logs, plans and manifests."""
    assert storage.public("https://user:secret@host:1/a.png?token=x") == "https://host:1/a.png"
    assert storage.public("https://user:sec/ret@host/a.png") == "https://…"
    assert storage.public("s3://bucket/a.png") == "s3://bucket/a.png"
    assert storage.public("/data/a.png") == "/data/a.png"


def test_two_colons_in_a_name_are_part_of_the_name(tmp_path):
    """Not a chain of stores: the file `a` is another one."""
    for name in ("a", "a::b.png"):
        (tmp_path / name).write_text(name)
    assert storage.read(f"{tmp_path}/a::b.png") == b"a::b.png"
