"""A real S3 server behind a proxy that makes requests fail: what passes is got over, what is refused is said."""

import io
import os

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import structlog

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.storage import InputCache
from tests.integration.faulty import PASSING
from tests.integration.s3_server import KEY, READER_KEY, READER_SECRET, SECRET

CONTENT = bytes(range(256)) * 40


@pytest.mark.parametrize("fault", PASSING)
def test_every_operation_gets_over_what_passes(s3, proxy, tmp_path, fault):
    """Each meets the fault, and then gives what it would have given."""

    def use(operation, *arguments):
        proxy.script = [fault]
        return operation(*arguments)

    address = f"{s3}/a.png"
    use(storage.write, address, CONTENT)
    assert use(storage.read, address) == CONTENT
    assert use(storage.read_head, address, 20_000) == CONTENT
    (file,) = use(storage.list_files, s3, "*.png")
    assert use(storage.info, address) == file
    assert use(InputCache(tmp_path, 10**6).local, file).read_bytes() == CONTENT
    assert use(storage.create, f"{s3}/b.png", CONTENT) is True
    assert use(storage.create, f"{s3}/b.png", b"another") is False
    use(storage.delete, address)
    assert use(storage.info, address) is None
    assert sum(proxy.done.values()) == 10


def test_a_stalling_store_is_left_alone_after_a_while(s3, proxy, monkeypatch):
    """Each attempt is bounded, and their number is."""
    monkeypatch.setattr("job.storage.retry.ATTEMPTS", 3)
    storage.write(f"{s3}/a", CONTENT)
    proxy.lasting["/a"] = "stall"
    with pytest.raises(StorageError, match=r"/a: cannot read: AioReadTimeoutError.*; 3 attempts in .* failed"):
        storage.read(f"{s3}/a")


def test_each_attempt_is_one_request(s3, proxy):
    """Those of botocore and s3fs do not multiply ours. All are logged."""
    storage.write(f"{s3}/a", CONTENT)
    proxy.lasting["/a"], proxy.seen = "503", 0
    with structlog.testing.capture_logs() as lines, pytest.raises(StorageError, match="SlowDown: Please reduce your"):
        storage.read(f"{s3}/a")
    assert proxy.seen == 10
    assert [line["attempt"] for line in lines] == list(range(1, 10))
    assert {line["address"] for line in lines} == {f"{s3}/a"}


def test_a_listing_that_fails_is_no_empty_folder(s3, proxy):
    """Or a run would take what is done for not done."""
    storage.write(f"{s3}/a/b", CONTENT)
    proxy.lasting["list-type"] = "500"
    for folder, pattern in ((f"{s3}/a", "*"), (s3, "*/*"), (s3, "**")):
        with pytest.raises(StorageError, match="cannot list: InternalError"):
            storage.list_files(folder, pattern)


@pytest.mark.parametrize(
    ("fault", "told"),
    [("AccessDenied", "cannot write: access denied"), ("NoSuchBucket", "cannot write: there is no such bucket")],
)
def test_what_is_refused_is_said_at_once(s3, proxy, fault, told):
    """With one request."""
    proxy.lasting[""] = fault
    for write in (storage.write, storage.create):
        proxy.seen = 0
        with pytest.raises(StoreRefusedError, match=rf"/a: {told} \({fault}\)"):
            write(f"{s3}/a", CONTENT)
        assert proxy.seen == 1


def parquet(numbers):
    """Give a Parquet file of one column, `number`."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"number": numbers}), sink)
    return sink.getvalue()


def test_a_query_reads_what_is_there_and_sound(s3, proxy):
    """DuckDB reads through the same file system; a wrong byte would be wrong rows."""
    files = [f"{s3}/{number}.parquet" for number in range(8)]
    for number, address in enumerate(files):
        storage.write(address, parquet(list(range(1000 * number, 1000 * number + 1000))))
    proxy.share, proxy.kinds = 0.3, ("alter", "truncate", "lose", "503")
    with storage.filesystem(s3) as fs, duckdb.connect() as connection:
        connection.register_filesystem(fs)
        assert connection.read_parquet(files).sum("number").fetchall() == [(8000 * 7999 // 2,)]
    assert set(proxy.done) == set(proxy.kinds)


def test_a_query_that_is_refused_says_so_as_any_other_operation(s3, proxy):
    """Not in DuckDB's words."""
    storage.write(f"{s3}/a.parquet", parquet([1]))
    proxy.lasting[""] = "AccessDenied"

    def asked():
        with storage.filesystem(s3) as fs, duckdb.connect() as connection:
            connection.register_filesystem(fs)
            connection.read_parquet(f"{s3}/a.parquet").fetchall()

    with pytest.raises(StoreRefusedError, match=r"/a.parquet: cannot read: access denied"):
        asked()


@pytest.fixture
def credentials_file(tmp_path, monkeypatch):
    """A way to put credentials into a file, as a login does, which is all that is known of them."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    fsspec.filesystem("s3").clear_instance_cache()

    def put(key, secret):
        text = f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        (tmp_path / "credentials").write_text(text)

    return put


def test_credentials_that_expire_are_read_anew(s3, proxy, credentials_file):
    """From wherever they come: here a file that was kept up to date. The request goes on with them."""
    credentials_file(KEY, SECRET)
    storage.write(f"{s3}/a", CONTENT)
    credentials_file(READER_KEY, READER_SECRET)
    storage.write(f"{s3}/a", CONTENT)  # still as the owner
    proxy.script = ["ExpiredToken"]
    assert storage.read(f"{s3}/a") == CONTENT
    with pytest.raises(StoreRefusedError, match="access denied"):
        storage.write(f"{s3}/a", CONTENT)


def test_credentials_that_stay_expired_are_refused(s3, proxy):
    """There are no new ones."""
    proxy.lasting[""] = "ExpiredToken"
    with pytest.raises(StoreRefusedError, match=r"not accepted, or no longer \(ExpiredToken: The provided token has"):
        storage.read(f"{s3}/a")
    assert proxy.seen == 2
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET
