"""Files in zip and tar archives, as files of a store: listed, read, copied and keyed; what is hostile is refused."""

import gzip
import hashlib
import io
import os
import random
import stat
import struct
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from job import storage
from job.errors import DataError, StorageError, StoreRefusedError
from job.storage import FileInfo, InputCache, mounting
from job.storage.address import absolute, public
from job.study.addresses import normal, output_refusal, split_archive

FILES = {"a.png": b"first", "images/b.png": b"second", "images/Ü/c.png": b"third" * 1000, "labels/b.png": b""}
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A cache of its own for each test."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "own cache"))
    return tmp_path


def archive_of(path, files=FILES, **settings):
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **settings) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(path, "w:gz" if "gz" in path.name else "w", **settings) as archive:
            for name, data in files.items():
                entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return str(path)


def names(files, root):
    assert {file.address.partition("#/")[0].rpartition("/")[2] for file in files} == {root.rpartition("/")[2]}
    return [file.address.partition("#/")[2] for file in files]


def content_of(path):
    return Path(path).read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
class TestEachKind:
    def test_files_are_listed_as_those_of_a_folder(self, place, ending):
        """Wildcards match within one name, ** across folders."""
        root = archive_of(place / f"x{ending}")
        assert names(storage.list_files(f"{root}#/", "*.png"), root) == ["a.png"]
        assert names(storage.list_files(f"{root}#", "**/b.png"), root) == ["images/b.png", "labels/b.png"]
        assert names(storage.list_files(f"{root}#/images", "*/*"), root) == ["images/Ü/c.png"]
        assert names(storage.list_files(str(place), f"*{ending}#/images/b.png"), root) == ["images/b.png"]

    def test_content_and_description_are_those_of_the_file(self, place, ending):
        """The first bytes, too, and an empty file."""
        root = archive_of(place / f"x{ending}")
        for name, data in FILES.items():
            assert storage.read(f"{root}#/{name}") == data
            assert storage.info(f"{root}#/{name}").size == len(data)
        assert storage.read_head(f"{root}#/images/Ü/c.png", 7) == b"thirdth"
        assert storage.info(f"{root}#/images") is None
        assert storage.info(f"{root}#/none.png") is None
        assert storage.info(f"{root}.none{ending}#/a.png") is None

    def test_a_copy_has_the_name_by_which_formats_are_told_apart(self, place, ending):
        """And the content."""
        root = archive_of(place / f"x{ending}", {"a b.nii.gz": b"voxels", "evil.\n\x1b<b>": b"x"})
        cache = InputCache(place / "cache", 1000)
        copy = cache.local(storage.info(f"{root}#/a b.nii.gz"))
        assert (copy.read_bytes(), copy.name[32:]) == (b"voxels", ".nii.gz")
        assert cache.local(storage.info(f"{root}#/evil.\n\x1b<b>")).name[32:] == ""

    def test_the_key_of_a_file_is_that_of_its_content(self, place, ending):
        """Whatever else the archive holds, and wherever the file lies in it."""
        one = archive_of(place / f"one{ending}", {"a.png": b"pixels"})
        two = archive_of(place / f"two{ending}", {"other.png": b"more", "sub/b.png": b"pixels"})
        cache = InputCache(place / "cache", 1000)
        keys = {cache.content_key(storage.info(address)) for address in (f"{one}#/a.png", f"{two}#/sub/b.png")}
        assert keys == {f"6-{hashlib.sha256(b'pixels').hexdigest()}"}
        assert not (place / "cache").exists()  # no copy was made

    def test_an_archive_in_a_store_is_read_as_one_on_a_disk(self, place, ending, flaky):
        """The key is of its version there."""
        local = archive_of(place / f"x{ending}")
        root = f"flaky://bucket/x{ending}"
        storage.write(root, content_of(local))
        assert names(storage.list_files("flaky://bucket", f"*{ending}#/images/*"), root) == ["images/b.png"]
        assert storage.read(f"{root}#/images/Ü/c.png") == FILES["images/Ü/c.png"]
        file = storage.info(f"{root}#/a.png")
        cache = InputCache(place / "cache", 1000)
        assert cache.local(file).read_bytes() == b"first"
        assert cache.content_key(file) == f"5-{file.version}"

    def test_another_archive_at_the_same_place_is_seen(self, place, ending):
        """Nothing is remembered beyond a change."""
        root = archive_of(place / f"x{ending}")
        assert storage.read(f"{root}#/a.png") == b"first"
        archive_of(place / f"x{ending}", {"a.png": b"another file"})
        os.utime(root, (1, 1))
        assert storage.read(f"{root}#/a.png") == b"another file"

    def test_a_file_that_was_planned_otherwise_is_refused(self, place, ending):
        """By its hash: the archive's time differs from machine to machine."""
        root = archive_of(place / f"x{ending}")
        file = storage.info(f"{root}#/a.png")
        right, wrong = (f"5-{hashlib.sha256(data).hexdigest()}" for data in (b"first", b"other"))
        other_time = FileInfo(address=file.address, size=5, version="another machine")
        assert InputCache(place / "c1", 1000, {file.address: right}).local(other_time).read_bytes() == b"first"
        with pytest.raises(StorageError, match="changed since"):
            InputCache(place / "c2", 1000, {file.address: wrong}).local(other_time)

    def test_a_folder_whose_files_were_planned_otherwise_is_refused(self, place, ending):
        """Such as a series: the planned key is of all its files."""
        root = archive_of(place / f"x{ending}", {"s/1.dcm": b"first", "s/2.dcm": b"other"})
        members = tuple(storage.list_files(f"{root}#/s", "*"))
        folder = FileInfo(address=f"{root}#/s/", size=10, version="", members=members)
        planned = {folder.address: InputCache(place / "c1", 1000).content_key(folder)}
        os.utime(root, (5, 5))  # as on another machine
        local = InputCache(place / "c2", 1000, planned).local_file(folder)
        assert [Path(member.address).read_bytes() for member in local.members] == [b"first", b"other"]
        archive_of(place / f"x{ending}", {"s/1.dcm": b"first", "s/2.dcm": b"OTHER"})
        with pytest.raises(StorageError, match="changed since"):
            InputCache(place / "c3", 1000, planned).local_file(folder)

    @pytest.mark.parametrize("name", ["../up.png", "/etc/up.png", "a/../../up.png", "a/./../up.png", "C:/up.png"])
    def test_a_name_that_leads_out_of_the_archive_is_refused(self, place, ending, name):
        """It is listed inside, so that the ledger can name it, and never read."""
        root = archive_of(place / f"x{ending}", {name: b"evil", "b.png": b"good"})
        refused = [file for file in storage.list_files(f"{root}#/", "**/*.png") if file.refusal]
        assert [file.address.rpartition("/")[2] for file in refused] == ["up.png"]
        assert "leads out of the archive" in refused[0].refusal
        with pytest.raises(DataError, match="leads out of the archive"):
            storage.read(refused[0].address)
        assert storage.read(f"{root}#/b.png") == b"good"

    def test_files_of_one_name_are_refused(self, place, ending):
        """Readers differ in which of them they take."""
        root = str(place / f"x{ending}")
        if ending == ".zip":
            with zipfile.ZipFile(root, "w") as archive:
                archive.writestr("a.png", b"1")
                archive.writestr("./a.png", b"2")
        else:
            archive_of(place / f"x{ending}", {tarfile.TarInfo("a.png"): b"1", tarfile.TarInfo("./a.png"): b"2"})
        with pytest.raises(DataError, match="several files of this name"):
            storage.read(f"{root}#/a.png")

    def test_a_damaged_archive_is_refused_and_named_in_a_listing_of_several(self, place, ending):
        """Cut off, empty, or another file. Where it alone is meant, listing it fails."""
        data = content_of(archive_of(place / f"x{ending}"))
        for part in (b"", b"no archive", data[: len(data) // 2], data[:40]):
            (place / f"x{ending}").write_bytes(part)
            os.utime(place / f"x{ending}", (len(part), len(part)))
            with pytest.raises(DataError):
                storage.list_files(f"{place}/x{ending}#/", "**/*.png")
            (found,) = storage.list_files(str(place), f"*{ending}#/**/*.png", dead_links=True)
            assert found.address == f"{place}/x{ending}#/"
            assert found.refusal

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(seed=st.integers(0, 2**32))
    def test_bytes_that_were_changed_are_read_as_they_were_or_refused(self, place, ending, seed):
        """Of zip and tar.gz, whose checksums are compared. Nothing else is ever raised."""
        path = place / f"x{ending}"
        data = bytearray(content_of(archive_of(path)))
        rng = random.Random(seed)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        os.utime(path, (seed, seed))
        with suppress(DataError):
            for file in storage.list_files(f"{path}#/", "**/*"):
                content = storage.read(file.address)
                assert content in FILES.values() or ending == ".tar" or not file.size

    def test_it_is_no_place_to_write_to(self, ending):
        """Nor for results."""
        assert "nothing is written into an archive" in output_refusal(f"out{ending}#/results")


def zip_with(path, change, name="a.png", data=b"x" * 1000):
    """Write a zip archive, and change the header of its one file in the list at its end."""
    archive_of(path, {name: data})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    change(content, at)
    path.write_bytes(content)
    return f"{path}#/{name}"


LIES = {
    "encrypted": lambda data, at: struct.pack_into("<H", data, at + 8, 1),
    "Deflate64": lambda data, at: struct.pack_into("<H", data, at + 10, 9),
    "LZMA": lambda data, at: struct.pack_into("<H", data, at + 10, 14),
    "are said to hold": lambda data, at: struct.pack_into("<I", data, at + 24, 1 << 30),
    "a link": lambda data, at: struct.pack_into("<I", data, at + 38, (stat.S_IFLNK | 0o777) << 16),
}


@pytest.mark.parametrize("said", list(LIES))
def test_what_a_zip_archive_cannot_hold_or_we_do_not_read_is_refused(place, said):
    """Nothing is unpacked for it."""
    address = zip_with(place / "x.zip", LIES[said])
    assert said in storage.info(address).refusal
    with pytest.raises(DataError, match=said):
        storage.read(address)


@pytest.mark.parametrize(("offset", "value"), [(16, 1), (24, 999), (24, 1001)])
def test_a_wrong_checksum_or_length_is_an_error(place, offset, value):
    """Not other pixels."""
    address = zip_with(place / "x.zip", lambda data, at: struct.pack_into("<I", data, at + offset, value))
    with pytest.raises(DataError, match="damaged"):
        storage.read(address)


def test_a_bomb_is_refused(place, monkeypatch):
    """By what the list states of its sizes, or while it is unpacked."""
    monkeypatch.setattr("job.storage.members.LARGE", 1000)
    root = archive_of(place / "x.zip", {"a.png": bytes(1_000_000)})
    with pytest.raises(DataError, match="a bomb"):
        storage.read(f"{root}#/a.png")
    packed = archive_of(place / "x.tar.gz", {"a.png": bytes(1_000_000)})
    with pytest.raises(DataError, match="a bomb"):
        storage.read(f"{packed}#/a.png")
    assert not list((place / "own cache").glob("*.tar"))


def test_a_list_that_claims_gigabytes_is_refused(place, monkeypatch):
    """It is not read into memory."""
    monkeypatch.setattr("job.storage.ranges.MOST_AT_ONCE", 1000)
    root = archive_of(place / "x.zip", {f"{'n' * 90}{number}": b"" for number in range(100)})
    with pytest.raises(DataError, match="claims to be over"):
        storage.list_files(f"{root}#/", "*")
    entry = tarfile.TarInfo("n" * 5000)
    tar = archive_of(place / "x.tar", {entry: b""}, format=tarfile.GNU_FORMAT)
    with pytest.raises(DataError, match="claims to be over"):
        storage.list_files(f"{tar}#/", "*")


def test_too_many_files_are_refused(place, monkeypatch):
    """Of either kind."""
    monkeypatch.setattr("job.storage.members.MOST_MEMBERS", 2)
    for ending in (".zip", ".tar"):
        with pytest.raises(DataError, match="at most 2 files"):
            storage.list_files(f"{archive_of(place / f'x{ending}')}#/", "*")


def joined(whole):
    return whole + whole


def with_damaged_header(whole):
    at = tarfile.TarFile(fileobj=io.BytesIO(whole)).getmembers()[1].offset
    return whole[:at] + b"x" + whole[at + 1 :]


def cut_between_files(whole):
    return whole[: tarfile.TarFile(fileobj=io.BytesIO(whole)).getmembers()[1].offset]


def cut_in_a_header(whole):
    return cut_between_files(whole) + whole[:200]


def behind_a_link(whole):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "a.png"
    return link.tobuf() + b"x" * 512 + whole


@pytest.mark.parametrize("harm", [joined, behind_a_link, with_damaged_header, cut_between_files, cut_in_a_header])
@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
def test_no_file_of_a_tar_archive_vanishes_in_silence(place, ending, harm):
    """Behind a damaged header, a cut, or the end of the first of two archives, Python's tarfile sees no files."""
    whole = content_of(archive_of(place / "whole.tar"))
    harmed = place / f"x{ending}"
    harmed.write_bytes(gzip.compress(harm(whole)) if "gz" in ending else harm(whole))
    with pytest.raises(DataError, match=r"cut off|damaged"):
        storage.list_files(f"{harmed}#/", "**")


def test_no_file_of_joined_zip_archives_vanishes_in_silence(place):
    """Only the last one's list counts. The program of an archive that unpacks itself is no file."""
    one = content_of(archive_of(place / "one.zip"))
    two = content_of(archive_of(place / "two.zip", {"z.png": b"x"}))
    (place / "x.zip").write_bytes(one + two)
    with pytest.raises(DataError, match="several archives in one"):
        storage.list_files(f"{place}/x.zip#/", "**")
    (place / "y.zip").write_bytes(b"MZ program" + two)
    assert len(storage.list_files(f"{place}/y.zip#/", "**")) == 1


@pytest.mark.parametrize(
    ("kind", "said"),
    [(tarfile.SYMTYPE, "a link to '/etc/passwd'"), (tarfile.LNKTYPE, "a link"), (tarfile.FIFOTYPE, "no plain file"),
     (tarfile.CHRTYPE, "no plain file")],
)  # fmt: skip
def test_links_and_devices_in_tar_are_refused(place, kind, said):
    """They are never followed or opened."""
    entry = tarfile.TarInfo("a.png")
    entry.type, entry.linkname = kind, "/etc/passwd"
    root = archive_of(place / "x.tar", {entry: b""})
    assert said in storage.info(f"{root}#/a.png").refusal


def test_names_without_the_flag_for_utf_8_are_read_as_utf_8_if_they_are(place):
    """As programs on macOS and Linux write them; others are read as code page 437."""
    for stored, read in ((("Ü" * 3).encode(), "ÜÜÜ"), (b"\x9a\x9a\x9a\x9a\x9a\x9a", "ÜÜÜÜÜÜ")):
        root = archive_of(place / "x.zip", {"nnnnnn": b"x"})
        data = content_of(root).replace(b"nnnnnn", stored)
        Path(root).write_bytes(data)
        os.utime(root, (len(read), len(read)))
        assert names(storage.list_files(f"{root}#/", "*"), root) == [read]


@pytest.mark.parametrize("name", ["a/" * 5000 + "x.png", "n" * 5000 + ".png"], ids=["deep", "long"])
@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_names_beyond_all_bounds_are_refused(place, ending, name):
    """No folder is listed within thousands of others; the ledger shows the end of the name."""
    root = archive_of(place / f"x{ending}", {name: b"x", "a/good.png": b"x"})
    good, bad = sorted(storage.list_files(f"{root}#/", "**/*.png"), key=lambda file: file.refusal)
    assert (good.refusal, "longer than" in bad.refusal) == ("", True)
    assert len(bad.address) < len(root) + 300


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_a_file_that_is_also_a_folder_hides_nothing(place, ending):
    """Both are listed; no disk could hold them."""
    root = archive_of(place / f"x{ending}", {"a.png/b.png": b"1", "a.png": b"2"})
    assert names(storage.list_files(f"{root}#/", "**/*.png"), root) == ["a.png", "a.png/b.png"]


def test_backslashes_in_zip_part_folders(place):
    """Some programs on Windows write them."""
    root = archive_of(place / "x.zip", {"images\\": b"", "images\\a.png": b"x"})
    assert names(storage.list_files(f"{root}#/", "**/*"), root) == ["images/a.png"]
    assert storage.read(f"{root}#/images/a.png") == b"x"


def test_a_name_that_is_no_text_is_refused(place):
    """Names of the results are Unicode."""
    root = archive_of(place / "x.tar", {"a\udcff.png": b"x"}, errors="surrogateescape")
    (file,) = storage.list_files(f"{root}#/", "*")
    assert file.refusal == "its name is not UTF-8"


@pytest.mark.parametrize("ending", ENDINGS)
def test_many_threads_read_an_archive_at_the_same_time(place, ending):
    """Each gets its own file."""
    files = {f"{number}.bin": bytes([number]) * (3000 * number) for number in range(40)}
    root = archive_of(place / f"x{ending}", files)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda name: storage.read(f"{root}#/{name}"), list(files) * 5))
    assert read == list(files.values()) * 5


def test_an_archive_in_an_archive_is_read(place):
    """As one data set of the study comes."""
    inner = archive_of(place / "inner.zip")
    outer = archive_of(place / "outer.tar.gz", {"part/inner.zip": content_of(inner)})
    files = storage.list_files(f"{outer}#/part", "*.zip#/images/*.png")
    assert [file.address for file in files] == [f"{outer}#/part/inner.zip#/images/b.png"]
    assert storage.read(files[0].address) == b"second"


def test_a_zip_archive_in_a_store_is_not_read_whole(place, flaky):
    """Its list, and the part with the file."""
    noise = random.Random(0).randbytes(1 << 23)
    storage.write("flaky://b/x.zip", content_of(archive_of(place / "x.zip", {"big": noise, "a.png": b"x"})))
    read = []
    original = flaky.cat_file
    flaky.cat_file = lambda self, path, start=None, end=None, **more: (
        read.append(data := original(self, path, start=start, end=end, **more)) or data
    )
    try:
        assert storage.read("flaky://b/x.zip#/a.png") == b"x"
    finally:
        flaky.cat_file = original
    assert 0 < sum(map(len, read)) < 1 << 22


def test_a_packed_archive_in_a_store_is_fetched_once(place, flaky):
    """And unpacked once, in the cache."""
    storage.write("flaky://b/x.tar.gz", content_of(archive_of(place / "x.tar.gz")))
    flaky.calls.clear()
    for name in FILES:
        storage.read(f"flaky://b/x.tar.gz#/{name}")
    assert flaky.calls["open"] == 1
    mounting.forget_all()
    storage.read("flaky://b/x.tar.gz#/a.png")
    assert flaky.calls["open"] == 1
    assert len([path for path in (place / "own cache").iterdir() if path.suffix == ".tar"]) == 1


def test_an_unpacked_archive_that_was_deleted_for_want_of_space_is_made_again(place):
    """Another worker may need the space."""
    root = archive_of(place / "x.tar.gz")
    assert storage.read(f"{root}#/a.png") == b"first"
    for path in (place / "own cache").iterdir():
        path.unlink()
    mounting.forget_all()
    assert storage.read(f"{root}#/a.png") == b"first"


def test_an_operator_who_allows_an_archive_allows_what_is_in_it(place, monkeypatch):
    """And nothing else."""
    (place / "ours").mkdir()
    other, root = archive_of(place / "y.zip"), archive_of(place / "ours/x.zip")
    (place / "ours/link.zip").symlink_to(other)
    for allowed in (root, f"{place}/ours"):
        monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", allowed)
        assert storage.read(f"{root}#/a.png") == b"first"
        for refused in (other, f"{place}/ours/link.zip"):
            with pytest.raises(StoreRefusedError):
                storage.read(f"{refused}#/a.png")


def test_addresses_are_written_in_one_way():
    """A `#` behind an archive is followed by a slash; any other is part of a name."""
    assert normal("d/x.zip#a//b.png") == normal("d/x.zip#/a/b.png") == "d/x.zip#/a/b.png"
    assert normal("s3://b/x.TAR.gz#a") == "s3://b/x.TAR.gz#/a"
    assert normal("a#b.png") == "a#b.png"
    assert split_archive("d/x.zip#/a/y.tar#/b") == ("d/x.zip#/a/y.tar", "b")
    assert split_archive("d/x.zip") is None
    assert public("https://user:word@host/x.zip#/a#b.png") == "https://host/x.zip#/a#b.png"
    assert absolute("x.zip#/a").endswith("/x.zip#/a")


def test_a_missing_folder_of_an_archive_is_told(place):
    """And a missing archive."""
    root = archive_of(place / "x.zip")
    assert "no folder" in storage.why_nothing_matches(f"{root}#/none")
    assert storage.why_nothing_matches(f"{root}#/images") == "no file matches this pattern"
    assert "no folder" in storage.why_nothing_matches(f"{place}/none.zip#")
    for ending in (".7z", ".tar.xz", ".tar.bz2", ".rar", ".gz"):
        assert storage.why_nothing_matches(f"{place}/x{ending}#images").endswith("are not read: unpack it")
    assert "unpack" not in storage.why_nothing_matches(f"{archive_of(place / 'x.tar.gz')}#/none")


def test_gzip_with_a_wrong_checksum_is_refused(place):
    """Of the whole archive."""
    data = bytearray(gzip.compress(content_of(archive_of(place / "x.tar"))))
    data[-8] ^= 1
    (place / "y.tar.gz").write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        storage.list_files(f"{place}/y.tar.gz#/", "*")
