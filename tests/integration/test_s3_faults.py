"""Storage operations on an S3 server that fails: transient errors are retried, refusals are raised at once."""

import io
import os

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import structlog
from s3fs import S3FileSystem

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.storage import InputCache
from tests.integration.faulty import TRANSIENT
from tests.integration.s3_server import KEY, READER_KEY, READER_SECRET, SECRET

CONTENT = bytes(range(256)) * 40


@pytest.mark.parametrize("fault", TRANSIENT)
def test_every_operation_succeeds_after_a_transient_fault(s3, proxy, tmp_path, fault):
    """Its result is the one that it has without a fault."""

    def with_fault(operation, *arguments):
        proxy.script = [fault]
        return operation(*arguments)

    address = f"{s3}/a.png"
    with_fault(storage.write, address, CONTENT)
    assert with_fault(storage.read, address) == CONTENT
    assert with_fault(storage.read_head, address, 20_000) == CONTENT
    (file,) = with_fault(storage.list_files, s3, "*.png")
    assert with_fault(storage.info, address) == file
    assert with_fault(InputCache(tmp_path, 10**6).local, file).read_bytes() == CONTENT
    assert with_fault(storage.create, f"{s3}/b.png", CONTENT) is True
    assert with_fault(storage.create, f"{s3}/b.png", b"another") is False
    with_fault(storage.delete, address)
    assert with_fault(storage.info, address) is None
    assert proxy.faults.total() == 10


def test_a_store_that_stalls_is_an_error(s3, proxy, monkeypatch):
    """The time of each attempt is bounded, and so is their number."""
    monkeypatch.setattr("job.storage.retry.ATTEMPTS", 3)
    storage.write(f"{s3}/a", CONTENT)
    proxy.lasting["/a"] = "stall"
    with pytest.raises(StorageError, match=r"/a: cannot read: AioReadTimeoutError.*; 3 attempts in .* failed"):
        storage.read(f"{s3}/a")


def test_each_attempt_is_three_requests(s3, proxy, monkeypatch):
    """As in botocore's standard mode; s3fs makes none of its own. Each attempt but the last has a line in the log."""
    monkeypatch.setattr("job.storage.retry.ATTEMPTS", 3)
    storage.write(f"{s3}/a", CONTENT)
    proxy.lasting["/a"], proxy.requests = "503", 0
    with structlog.testing.capture_logs() as lines, pytest.raises(StorageError, match="SlowDown: Please reduce your"):
        storage.read(f"{s3}/a")
    assert proxy.requests == 9
    assert [line["attempt"] for line in lines] == [1, 2]
    assert {line["address"] for line in lines} == {f"{s3}/a"}


def test_a_file_larger_than_a_block_is_read_with_one_request(s3, proxy, tmp_path, monkeypatch):
    """S3 states no checksum for a part of a file, so that an altered byte would stay."""
    monkeypatch.setattr(S3FileSystem, "default_block_size", 1000)
    storage.write(f"{s3}/a", CONTENT)
    file = storage.info(f"{s3}/a")
    proxy.requests, proxy.script = 0, ["alter"]
    assert InputCache(tmp_path, 10**6).local(file).read_bytes() == CONTENT
    assert proxy.requests == 3  # twice the file, then what the store says of it
    proxy.requests, proxy.script = 0, ["alter"]
    assert storage.read(f"{s3}/a") == CONTENT
    assert proxy.requests == 2


def test_a_listing_that_fails_is_no_empty_folder(s3, proxy, monkeypatch):
    """A run would compute stored parts again."""
    monkeypatch.setattr("job.storage.retry.ATTEMPTS", 2)
    storage.write(f"{s3}/a/b", CONTENT)
    proxy.lasting["list-type"] = "500"
    for folder, pattern in ((f"{s3}/a", "*"), (s3, "*/*"), (s3, "**")):
        with pytest.raises(StorageError, match="cannot list: InternalError"):
            storage.list_files(folder, pattern)


@pytest.mark.parametrize(
    ("fault", "message"),
    [("AccessDenied", "cannot write: access denied"), ("NoSuchBucket", "cannot write: there is no such bucket")],
)
def test_a_refusal_is_raised_at_once(s3, proxy, fault, message):
    """After one request."""
    proxy.lasting[""] = fault
    for write in (storage.write, storage.create):
        proxy.requests = 0
        with pytest.raises(StoreRefusedError, match=rf"/a: {message} \({fault}\)"):
            write(f"{s3}/a", CONTENT)
        assert proxy.requests == 1


def parquet(numbers):
    """Return a Parquet file with one column, `number`."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"number": numbers}), sink)
    return sink.getvalue()


def test_a_query_has_the_right_result_in_spite_of_faults(s3, proxy):
    """DuckDB reads through the same file system; an altered byte would be a wrong row."""
    files = [f"{s3}/{number}.parquet" for number in range(8)]
    for number, address in enumerate(files):
        storage.write(address, parquet(list(range(1000 * number, 1000 * number + 1000))))
    proxy.share, proxy.kinds = 0.3, ("alter", "truncate", "lose", "503")
    with storage.filesystem(s3) as fs, duckdb.connect() as connection:
        connection.register_filesystem(fs)
        assert connection.read_parquet(files).sum("number").fetchall() == [(8000 * 7999 // 2,)]
    assert set(proxy.faults) == set(proxy.kinds)


def test_a_refused_query_raises_the_error_of_any_other_operation(s3, proxy):
    """Not DuckDB's."""
    storage.write(f"{s3}/a.parquet", parquet([1]))
    proxy.lasting[""] = "AccessDenied"

    def query():
        with storage.filesystem(s3) as fs, duckdb.connect() as connection:
            connection.register_filesystem(fs)
            connection.read_parquet(f"{s3}/a.parquet").fetchall()

    with pytest.raises(StoreRefusedError, match=r"/a.parquet: cannot read: access denied"):
        query()


@pytest.fixture
def credentials_file(tmp_path, monkeypatch):
    """A function that writes credentials into a file, as a login does; the environment has none."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    S3FileSystem.clear_instance_cache()

    def write(key, secret):
        text = f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        (tmp_path / "credentials").write_text(text)

    return write


def test_expired_credentials_are_read_again(s3, proxy, credentials_file):
    """From their source, here a file that was updated. The request is then repeated."""
    credentials_file(KEY, SECRET)
    storage.write(f"{s3}/a", CONTENT)
    credentials_file(READER_KEY, READER_SECRET)
    storage.write(f"{s3}/a", CONTENT)  # the owner's key is still in use
    proxy.script = ["ExpiredToken"]
    assert storage.read(f"{s3}/a") == CONTENT
    with pytest.raises(StoreRefusedError, match="access denied"):
        storage.write(f"{s3}/a", CONTENT)


def test_credentials_that_stay_expired_are_refused(s3, proxy):
    """After a second request: their source has no new ones."""
    proxy.lasting[""] = "ExpiredToken"
    with pytest.raises(StoreRefusedError, match=r"not valid or have expired \(ExpiredToken: The provided token has"):
        storage.read(f"{s3}/a")
    assert proxy.requests == 2
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET
