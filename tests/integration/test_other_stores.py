"""Operations and studies on servers of `gs://` and `az://`, calm and failing: what is true of S3 is true of them."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from shutil import make_archive

import pytest

from job import storage
from job.errors import StorageError, StoreRefusedError
from job.storage import InputCache
from job.storage.retry import forget_credentials
from tests.cases import medsam_job, use_fake_models
from tests.integration.faulty import TRANSIENT, FaultyProxy
from tests.integration.other_servers import WRONG_KEY, az_server, gs_server
from tests.integration.studies import draw, rows, write_spec

__all__ = ["az_server", "gs_server"]
CONTENT = bytes(range(256)) * 40
AZ = pytest.param("az_server", marks=pytest.mark.azure)


@pytest.fixture(params=["gs_server", AZ])
def server(request):
    """Each server."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def proxy(server, monkeypatch):
    """A proxy through which the server is reached. It forwards all requests until a test sets faults."""
    monkeypatch.setattr("job.storage.retry.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("job.storage.gs.STALL_S", 0.5)
    monkeypatch.setattr("job.storage.azure.STALL_S", 0.5)
    monkeypatch.setattr("job.storage.azure.WAIT_BASE_S", 0)
    monkeypatch.setattr("job.storage.azure.JITTER_S", 0)
    with FaultyProxy(server.endpoint) as proxy:
        for name, value in server.environment(proxy.endpoint).items():
            monkeypatch.setenv(name, value)
        forget_credentials()
        yield proxy
    forget_credentials()


@pytest.fixture
def place(server, proxy):
    """The address of an empty folder in the bucket."""
    return f"{server.scheme}://study/{time.monotonic_ns()}"


def test_written_files_are_listed_and_read(place):
    """By patterns within a folder and across folders; an address is listed as it can be read."""
    for name in ("a.png", "b.png", "deep/er/c.png", "d.txt"):
        storage.write(f"{place}/images [1]/{name}", name.encode())
    assert [file.address for file in storage.list_files(f"{place}/images [1]", "*.png")] == [
        f"{place}/images [1]/a.png",
        f"{place}/images [1]/b.png",
    ]
    files = storage.list_files(place, "**/*.png")
    assert [file.size for file in files] == [5, 5, 13]
    assert [storage.read(file.address) for file in files] == [b"a.png", b"b.png", b"deep/er/c.png"]
    assert [file.address for file in storage.list_files(place, "*/*.txt")] == [f"{place}/images [1]/d.txt"]
    assert storage.read_head(files[0].address, 1) == b"a"
    assert storage.read_head(files[0].address, 100) == b"a.png"


def test_the_version_of_a_file_changes_with_its_content(place, tmp_path):
    """A cached copy of older content is thus not used, and a file that changed since the plan is refused."""
    cache = InputCache(tmp_path, 10**6)
    files = []
    for content in (b"one", b"two"):
        storage.write(f"{place}/a", content)
        files.append(storage.info(f"{place}/a"))
        assert cache.local(files[-1]).read_bytes() == content
        assert cache.content_key(files[-1]) == f"3-{files[-1].version}"
        assert storage.list_files(place, "*") == [files[-1]]
    with pytest.raises(StorageError, match="a: changed since it was planned"):
        InputCache(tmp_path / "empty", 10**6).local(files[0])


def test_of_many_creators_at_once_one_wins(place):
    """The server refuses the others."""
    contents = [bytes([number]) * 1000 for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        wins = list(pool.map(lambda data: storage.create(f"{place}/part", data), contents))
    assert wins.count(True) == 1
    assert storage.read(f"{place}/part") == contents[wins.index(True)]


def test_a_missing_file_is_reported(place):
    """A missing folder has no files."""
    assert storage.info(f"{place}/none") is None
    assert storage.read_if_there(f"{place}/none") is None
    storage.delete(f"{place}/none")
    with pytest.raises(StorageError, match="none: cannot read: nothing is there"):
        storage.read(f"{place}/none")
    for pattern in ("*", "*/*", "**"):
        assert storage.list_files(f"{place}/none", pattern) == []


def test_a_missing_bucket_is_a_refusal(server, proxy):
    """It is no empty folder."""
    missing = f"{server.scheme}://no-such-bucket/a"
    for pattern in ("*", "**"):
        with pytest.raises(
            StoreRefusedError, match=r"no-such-bucket/a/\*+: cannot list: there is no such \w+.*; check"
        ):
            storage.list_files(missing, pattern)
    for write in (storage.write, storage.create):
        with pytest.raises(StoreRefusedError, match=r"no-such-bucket/a: cannot write: there is no such \w+.*; check"):
            write(missing, b"")


def test_an_empty_file_is_read(place, tmp_path):
    """No range of its bytes is there."""
    storage.write(f"{place}/a", b"")
    assert storage.read(f"{place}/a") == storage.read_head(f"{place}/a", 10) == b""
    assert InputCache(tmp_path, 10**6).local(storage.info(f"{place}/a")).read_bytes() == b""


def test_a_file_in_a_zip_archive_is_read_by_ranges(place, proxy, tmp_path):
    """The archive is not fetched."""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "Ü.png").write_bytes(b"pixels")
    make_archive(str(tmp_path / "x"), "zip", folder)
    storage.write(f"{place}/x.zip", (tmp_path / "x.zip").read_bytes())
    (file,) = storage.list_files(place, "*.zip#/*.png")
    assert storage.read(file.address) == b"pixels"


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(first, marks=pytest.mark.long) for first in range(1, len(TRANSIENT)))]
)
def test_every_operation_succeeds_after_a_transient_fault(proxy, place, tmp_path, first):
    """Its result is the one that it has without a fault. One kind of fault after the other."""
    faults = itertools.cycle(TRANSIENT[first:] + TRANSIENT[:first])

    def with_fault(operation, *arguments):
        proxy.script = [next(faults)]
        return operation(*arguments)

    address = f"{place}/a.png"
    with_fault(storage.write, address, CONTENT)
    assert with_fault(storage.read, address) == CONTENT
    assert with_fault(storage.read_head, address, 20_000) == CONTENT
    (file,) = with_fault(storage.list_files, place, "*.png")
    assert with_fault(storage.info, address) == file
    assert with_fault(InputCache(tmp_path, 10**6).local, file).read_bytes() == CONTENT
    assert with_fault(storage.create, f"{place}/b.png", CONTENT) is True
    assert with_fault(storage.create, f"{place}/b.png", b"another") is False
    with_fault(storage.delete, address)
    assert with_fault(storage.info, address) is None
    assert proxy.faults.total() == 10


def test_an_altered_byte_is_noticed(place, proxy, tmp_path):
    """By the MD5 that the store states."""
    storage.write(f"{place}/a.png", CONTENT)
    file = storage.info(f"{place}/a.png")
    for read in (lambda: storage.read(file.address), lambda: InputCache(tmp_path, 10**6).local(file).read_bytes()):
        proxy.script = ["alter"]
        assert read() == CONTENT
    assert proxy.faults["alter"] == 2


def test_a_refusal_is_one_sentence_without_a_secret(server, place, proxy, monkeypatch):
    """With what to check in this kind of store, after one request; and no folder is taken for an empty one."""
    proxy.lasting[""] = "AccessDenied"
    variable = {"gs": "GOOGLE_APPLICATION_CREDENTIALS", "az": "AZURE_STORAGE_ACCOUNT_KEY"}[server.scheme]
    for operation in (
        storage.read,
        lambda address: storage.write(address, b""),
        lambda address: storage.list_files(address, "*"),
    ):
        with pytest.raises(
            StoreRefusedError, match=rf"access denied \(status 403\); check the .*{variable}"
        ) as refused:
            operation(f"{place}/a")
        assert WRONG_KEY not in str(refused.value)
        assert "\n" not in str(refused.value)


def scores(output):
    """Return a study's rows without the names of their parts, which the store's versions of the images determine."""
    return {
        table: sorted([{name: value for name, value in row.items() if name != "part"} for row in found], key=str)
        for table, found in rows(output).items()
    }


@pytest.mark.azure
def test_a_wrong_key_is_access_denied(az_server, monkeypatch, caplog):
    """The message and the log have no secret."""
    for name, value in az_server.environment(az_server.endpoint, WRONG_KEY).items():
        monkeypatch.setenv(name, value)
    forget_credentials()
    with pytest.raises(StoreRefusedError, match=r"cannot read: access denied \(status 403\); check the") as refused:
        storage.read("az://study/a")
    assert WRONG_KEY not in str(refused.value) + caplog.text


@pytest.mark.parametrize(
    "share", [0.01, pytest.param(0.05, marks=pytest.mark.long), pytest.param(0.2, marks=pytest.mark.long)]
)
def test_rows_are_those_of_a_local_study_though_requests_fail(place, proxy, tmp_path, monkeypatch, share):
    """With every kind of transient fault; statistics and report are made there, too."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    draw(str(tmp_path / "data"), 4)
    draw(f"{place}/data", 4)
    assert (
        medsam_job(monkeypatch, write_spec(tmp_path / "local", tmp_path / "data", tmp_path / "results", chunk=4)) == 0
    )
    proxy.share, proxy.requests, started = share, 0, time.monotonic()
    assert medsam_job(monkeypatch, write_spec(tmp_path / "remote", f"{place}/data", f"{place}/results", chunk=4)) == 0
    print(f"\n{place}: {share:.0%}, {proxy.requests} requests, {time.monotonic() - started:.0f} s, {proxy.faults}")
    proxy.share = 0.0
    assert scores(f"{place}/results") == scores(str(tmp_path / "results"))
    assert storage.info(f"{place}/results/report.html").size > 10_000
    assert proxy.faults
