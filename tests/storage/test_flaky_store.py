"""Operations in a store whose requests fail: retried, refused, or completed."""

import errno
from contextlib import suppress

import pytest

from job import storage
from job.errors import StorageError, StoreRefusedError


def test_a_create_whose_response_was_lost_is_a_success(flaky):
    """It was carried out; the next attempt finds the content there."""

    def lost(result):
        raise ConnectionResetError

    flaky.faults["pipe_file"] = [lost]
    assert storage.create("flaky://a", b"own")
    assert flaky.calls["pipe_file"] == 2


def test_a_create_that_another_worker_won_meanwhile_is_false(flaky):
    """The other's file stays."""
    storage.write("flaky://a", b"another's")
    flaky.faults["pipe_file"] = [ConnectionResetError()]
    assert not storage.create("flaky://a", b"own")
    assert storage.read("flaky://a") == b"another's"


@pytest.mark.parametrize(
    ("operation", "use", "result"),
    [
        ("cat_file", storage.read, b"pixels"),
        ("cat_file", lambda address: storage.read_head(address, 3), b"pix"),
        ("info", lambda address: storage.info(address).size, 6),
        ("ls", lambda address: len(storage.list_files("flaky://images", "*.png")), 1),
        ("pipe_file", lambda address: storage.write(address, b""), None),
        ("rm_file", storage.delete, None),
    ],
)
def test_transient_errors_are_retried(flaky, operation, use, result):
    """By every operation: after resets, time-outs, and responses of a busy store."""
    storage.write("flaky://images/a.png", b"pixels")
    flaky.calls.clear()
    flaky.faults[operation] = [ConnectionResetError(), TimeoutError(), OSError(errno.EBUSY, "slow down")]
    assert use("flaky://images/a.png") == result
    assert flaky.calls[operation] == 4


def test_a_transient_error_that_lasts_is_an_error(flaky):
    """The message has the number of attempts."""
    storage.write("flaky://a.png", b"pixels")
    flaky.faults["cat_file"] = [ConnectionResetError()] * 100
    with pytest.raises(StorageError, match=r"a.png: cannot read: ConnectionResetError; 10 attempts in 0 s failed; run"):
        storage.read("flaky://a.png")


def test_a_refused_operation_is_not_retried(flaky):
    """It would be refused again."""
    flaky.faults["cat_file"] = [PermissionError(errno.EACCES, "no")]
    with pytest.raises(StoreRefusedError, match=r"a.png: cannot read: access denied"):
        storage.read("flaky://a.png")
    assert flaky.calls["cat_file"] == 1


def test_a_short_read_is_repeated(flaky):
    """The store reports the file's length."""
    storage.write("flaky://a.png", b"pixels")
    flaky.faults["cat_file"] = [lambda data: data[:2], lambda data: data[:5]]
    assert storage.read("flaky://a.png") == b"pixels"
    flaky.faults["cat_file"] = [lambda data: data[:2]]
    assert storage.read_head("flaky://a.png", 4) == b"pixe"


def test_a_file_whose_length_the_store_does_not_report_is_read(flaky):
    """As from some HTTP servers."""
    storage.write("flaky://a.png", b"pixels")
    flaky.faults["info"] = [lambda details: {"name": details["name"]}]
    assert storage.read("flaky://a.png") == b"pixels"


def test_a_listing_without_sizes_is_completed(flaky):
    """Each file is looked up by itself."""
    storage.write("flaky://images/a.png", b"pixels")
    flaky.faults["ls"] = [lambda listed: [details | {"size": None} for details in listed]]
    (file,) = storage.list_files("flaky://images", "*.png")
    assert file.size == 6


def test_the_cause_of_a_file_not_found_error_decides(flaky):
    """Some adapters raise it for any failure, with the real error as its cause."""
    storage.write("flaky://a.png", b"pixels")
    misleading = FileNotFoundError("flaky://a.png")
    misleading.__cause__ = TimeoutError()
    flaky.faults["info"] = [misleading]
    assert storage.info("flaky://a.png").size == 6


def test_a_storage_error_behind_a_readers_own_error_is_raised(flaky):
    """Without one, the reader's error is raised as it is."""
    storage.write("flaky://a", b"pixels")
    with pytest.raises(ValueError, match="my words"), storage.filesystem("flaky://a"):
        raise ValueError("my words")
    flaky.faults["cat_file"] = [PermissionError(errno.EACCES, "no")]

    def query():
        with storage.filesystem("flaky://a") as fs:
            with suppress(StorageError):
                fs.open("flaky://a")
            raise ValueError("my words")

    with pytest.raises(StoreRefusedError, match="a: cannot read: access denied"):
        query()


def test_a_reader_looks_a_file_up_once(flaky):
    """DuckDB asks for its size many times."""
    storage.write("flaky://a", b"pixels")
    flaky.calls.clear()
    with storage.filesystem("flaky://a") as fs:
        assert [fs.size("flaky://a"), fs.info("flaky://a")["size"], fs.glob("flaky://a")] == [6, 6, ["flaky://a"]]
    assert flaky.calls["info"] == 1


def test_a_reader_has_no_missing_file(flaky):
    """It is an error of the operation that needs it."""
    with storage.filesystem("flaky://a") as fs:
        assert not fs.exists("flaky://a")
        with pytest.raises(FileNotFoundError):
            fs.open("flaky://a")


def test_a_reader_reads_a_large_file_in_parts(flaky, monkeypatch):
    """Only as much as is asked for."""
    monkeypatch.setattr("job.storage.reader.WHOLE", 4)
    storage.write("flaky://a", bytes(range(256)) * 1000)
    with storage.filesystem("flaky://a") as fs, fs.open("flaky://a") as file:
        file.seek(256 * 500)
        assert file.read(3) == b"\0\1\2"
    assert flaky.calls["cat_file"] <= 2


def test_a_folder_that_cannot_be_listed_is_no_empty_one(flaky):
    """Its images would drop out."""
    storage.write("flaky://images/a/b.png", b"pixels")
    refused = PermissionError(errno.EACCES, "no")
    for faults in ([refused], [lambda listed: listed, refused]):
        flaky.faults["ls"] = faults
        with pytest.raises(StoreRefusedError, match="cannot list: access denied"):
            storage.list_files("flaky://images", "*/*.png")
