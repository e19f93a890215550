"""Files at any address: listed, read, written, created and deleted."""

import pytest

from job import storage
from job.errors import StorageError


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path):
    """The address of an empty folder, in each kind of store."""
    return str(tmp_path) if request.param == "local" else f"memory://{tmp_path.name}"


def test_written_content_is_read(folder):
    """Missing folders are created."""
    address = storage.join(folder, "a", "b.bin")
    storage.write(address, b"one")
    storage.write(address, b"two")
    assert storage.read(address) == b"two"
    assert storage.read_head(address, 2) == b"tw"
    assert storage.read_head(address, 10) == b"two"


def test_files_are_listed_by_pattern_in_order(folder):
    """Wildcards match within a name and across folders; folders are not listed."""
    for name, size in (("b.png", 1), ("a.png", 2), ("deep/c.png", 3), ("d.txt", 4)):
        storage.write(storage.join(folder, name), bytes(size))
    files = storage.list_files(folder, "*.png")
    assert [(file.address.rsplit("/", 1)[-1], file.size) for file in files] == [("a.png", 2), ("b.png", 1)]
    assert len(storage.list_files(folder, "**/*.png")) == 3
    assert {file.size for file in storage.list_files(folder, "*")} == {1, 2, 4}


def test_a_link_to_a_file_is_listed(tmp_path):
    """A link to a folder is not, like a folder."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.png").write_bytes(b"12")
    (tmp_path / "file.png").symlink_to(tmp_path / "data/a.png")
    (tmp_path / "folder.png").symlink_to(tmp_path / "data")
    (file,) = storage.list_files(str(tmp_path), "*.png")
    assert (file.address, file.size) == (str(tmp_path / "file.png"), 2)


def names(root, pattern, **options):
    """Return the listed files below a local folder."""
    return [file.address.removeprefix(f"{root}/") for file in storage.list_files(str(root), pattern, **options)]


@pytest.fixture
def linked(tmp_path):
    """Two patients outside the study, one of them linked twice, and one inside."""
    for name in ("store/p1/a.png", "store/p2/deep/a.png", "study/p3/a.png", "study/p3/.b.png", "study/.git/a.png"):
        storage.write(str(tmp_path / name), name.encode())
    (tmp_path / "study/p1").symlink_to("../store/p1")
    (tmp_path / "study/q1").symlink_to(tmp_path / "store/p1")
    (tmp_path / "study/p2").symlink_to("../store/p2")
    (tmp_path / "store/p2/up").symlink_to("../../study")
    (tmp_path / "study/p3/up").symlink_to("..")
    return tmp_path / "study"


def test_linked_folders_are_listed_as_a_shell_does(linked):
    """Under the names of the links, without hidden names."""
    assert names(linked, "*/a.png") == ["p1/a.png", "p3/a.png", "q1/a.png"]
    assert names(linked, "p?/*/*.png") == ["p2/deep/a.png"]
    assert names(linked, "p3/up/p1/a.png") == ["p3/up/p1/a.png"]
    assert names(linked, ".git/*") == [".git/a.png"]
    assert names(linked, "p3/.*") == ["p3/.b.png"]


def test_links_in_a_circle_end(linked):
    """`**` does not follow a link into the folders that it lists anyway; each file has one name for each link."""
    assert names(linked, "**/a.png") == ["p1/a.png", "p2/deep/a.png", "p3/a.png", "q1/a.png"]
    assert names(linked, "**") == ["p1/a.png", "p2/deep/a.png", "p3/a.png", "q1/a.png"]


def test_links_that_lead_nowhere_are_listed_on_demand(linked):
    """With their target; even in the place of a folder."""
    (linked / "p4").symlink_to("../unmounted")
    (linked / "p3/dead.png").symlink_to("none.png")
    assert names(linked, "p3/*.png") == ["p3/a.png"]
    assert names(linked, "*/*.png", dead_links=True) == ["p1/a.png", "p3/a.png", "p3/dead.png", "p4", "q1/a.png"]
    assert names(linked, "**/*.png", dead_links=True) == [
        "p1/a.png", "p2/deep/a.png", "p3/a.png", "p3/dead.png", "p4", "q1/a.png",
    ]  # fmt: skip
    dead = {
        file.address.rsplit("/", 1)[-1]: file.dead_link
        for file in storage.list_files(str(linked), "*", dead_links=True)
    }
    assert dead == {"p4": "../unmounted"}


def test_an_unreadable_folder_is_not_passed_over(linked, request):
    """Its images would drop out."""
    (linked / "p3").chmod(0o000)
    request.addfinalizer(lambda: (linked / "p3").chmod(0o755))
    request.getfixturevalue("without_root")
    with pytest.raises(StorageError, match="cannot list: access denied"):
        names(linked, "*/a.png")


def test_a_folder_is_taken_literally(folder, monkeypatch):
    """Its name may hold wildcards; a relative address starts at the working folder."""
    strange = storage.join(folder, "run [v2]*")
    storage.write(storage.join(strange, "deep", "a.png"), b"12")
    storage.write(storage.join(folder, "run v", "deep", "a.png"), b"12")
    assert [file.address.split("/")[-3] for file in storage.list_files(strange, "**/*.png")] == ["run [v2]*"]
    if "://" not in folder:
        monkeypatch.chdir(strange)
        assert len(storage.list_files("deep", "*.png")) == 1


def test_two_colons_in_a_name_are_part_of_the_name(folder):
    """They are not a chain of stores, as in fsspec; the file `a` is another one."""
    for name in ("a", "a::b.png"):
        storage.write(storage.join(folder, name), name.encode())
    assert storage.read(f"{folder}/a::b.png") == b"a::b.png"


def test_a_pattern_that_matches_nothing_is_an_empty_list(folder):
    """The caller decides whether that is an error."""
    assert storage.list_files(storage.join(folder, "none"), "*.png") == []


def test_the_reason_why_nothing_matches_is_stated(folder):
    """A missing folder is another mistake than a wrong suffix."""
    storage.write(storage.join(folder, "a", "b.png"), b"")
    for address in (storage.join(folder, "a"), "", "s3:/"):
        assert storage.why_nothing_matches(address) == "no file matches this pattern"
    assert "there is no folder" in storage.why_nothing_matches(storage.join(folder, "none"))


def test_a_folder_in_another_unicode_form_is_named_as_the_reason(folder):
    """MacOS decomposes letters; other systems keep them as they were typed."""
    typed, stored = "M\u00fcller", "Mu\u0308ller"
    storage.write(storage.join(folder, stored, "scans", "b.png"), b"")
    for below in ("", "scans", "scans/deep"):
        reason = storage.why_nothing_matches(storage.join(folder, typed, below).rstrip("/"))
        assert reason.endswith("but one whose name is written in another Unicode form (NFC or NFD)")
    assert "Unicode" not in storage.why_nothing_matches(storage.join(folder, "Miller"))


def test_an_unreadable_folder_is_access_denied(tmp_path, request):
    """It is not taken for an empty one."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    request.getfixturevalue("without_root")
    with pytest.raises(StorageError, match=r"cannot list: access denied"):
        storage.why_nothing_matches(str(closed))


def test_a_missing_file_has_no_info(folder):
    """Reading it is an error that names it."""
    address = storage.join(folder, "none.png")
    assert storage.info(address) is None
    with pytest.raises(StorageError, match=r"none.png: cannot read: nothing is there"):
        storage.read(address)


def test_a_folder_has_no_info(folder):
    """It is no file."""
    storage.write(storage.join(folder, "a", "b.png"), b"")
    assert storage.info(storage.join(folder, "a")) is None


def test_only_the_first_to_create_a_file_writes_it(folder):
    """The second gets False, and the file stays as it was."""
    address = storage.join(folder, "part.parquet")
    assert storage.create(address, b"first")
    assert not storage.create(address, b"second")
    assert storage.read(address) == b"first"


def test_creating_a_file_with_the_content_that_it_has_is_a_success(folder):
    """Two workers may compute the same part."""
    address = storage.join(folder, "part.parquet")
    assert storage.create(address, b"same") is True
    assert storage.create(address, b"same") is True


def test_deleting_a_missing_file_is_no_error(folder):
    """Two workers may delete the same file."""
    address = storage.join(folder, "a")
    storage.write(address, b"")
    storage.delete(address)
    storage.delete(address)
    assert storage.info(address) is None


def test_an_unknown_kind_of_address_is_refused():
    """The message has fsspec's own words."""
    with pytest.raises(StorageError, match="Protocol not known: nowhere"):
        storage.info("nowhere://bucket/a")


def test_only_remote_addresses_have_a_file_system_for_readers(tmp_path):
    """DuckDB reads local files by itself."""
    with storage.filesystem(str(tmp_path)) as local, storage.filesystem("memory://a") as remote:
        assert local is None
        assert remote.protocol == "memory"
