"""Inputs over HTTP, from a server on 127.0.0.1."""

import http.server
import os
import threading
from functools import partial

import pytest

from job import storage
from job.cli.opening import read_spec
from job.errors import StorageError, StoreRefusedError
from job.storage import InputCache
from tests.cases import GENERATED


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files; with `versions` False it tells nothing that changes with the content."""

    versions = True
    statuses = []

    def log_message(self, *arguments):
        """Say nothing."""

    def do_GET(self):
        """Answer with the next of the statuses that a test has set, if any is left."""
        if self.statuses:
            self.send_error(self.statuses.pop(0))
        else:
            super().do_GET()

    def do_HEAD(self):
        """Likewise."""
        self.do_GET() if self.statuses else super().do_HEAD()

    def send_header(self, keyword, value):
        """Leave out the time of change."""
        if self.versions or keyword != "Last-Modified":
            super().send_header(keyword, value)


class Versionless(Quiet):
    """A server that names no version."""

    versions = False


@pytest.fixture(params=[Quiet, Versionless])
def site(request, tmp_path, quick):
    """A folder and its address."""
    Quiet.statuses.clear()
    (tmp_path / "site").mkdir()
    handler = partial(request.param, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path / "site", f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_is_described_read_and_cached(site, tmp_path):
    """As from any other store."""
    folder, address = site
    (folder / "a.png").write_bytes(b"pixels")
    file = storage.info(f"{address}/a.png")
    assert (file.address, file.size) == (f"{address}/a.png", 6)
    assert InputCache(tmp_path / "cache", 10**6).local(file).read_bytes() == b"pixels"
    assert storage.info(f"{address}/none.png") is None


def test_a_folder_is_listed_with_sizes(site, tmp_path):
    """The server's page of links tells none: each file is asked for."""
    folder, address = site
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(name.encode())
    files = storage.list_files(address, "*.png")
    assert [(file.address, file.size) for file in files] == [(f"{address}/a.png", 5), (f"{address}/b.png", 5)]
    assert InputCache(tmp_path / "cache", 10**6).local(files[1]).read_bytes() == b"b.png"
    assert files[0] == storage.info(f"{address}/a.png")


def test_a_spec_is_read_from_there(site):
    """Though this server sends all of it, where only the first 256 KiB are asked for."""
    folder, address = site
    (folder / "my.yaml").write_text(GENERATED.format(output="results"))
    assert read_spec(f"{address}/my.yaml").study.study == "generated"
    with pytest.raises(StorageError, match=r"/none.yaml: cannot read: nothing is there"):
        read_spec(f"{address}/none.yaml")


def test_a_changed_file_is_never_taken_from_the_cache(site, tmp_path):
    """Even where the server names no version: then its content is hashed."""
    folder, address = site
    cache = InputCache(tmp_path / "cache", 10**6)
    keys, copies = set(), []
    for second, content in ((1, b"one"), (100, b"two")):
        (folder / "a.png").write_bytes(content)
        os.utime(folder / "a.png", (second, second))
        file = storage.info(f"{address}/a.png")
        keys.add(cache.content_key(file))
        copies.append(cache.local(file).read_bytes())
    assert copies == [b"one", b"two"]
    assert len(keys) == 2


def test_a_busy_server_is_asked_again(site, tmp_path):
    """A file is not missing because a server could not answer, whatever the adapter makes of it."""
    folder, address = site
    (folder / "a.png").write_bytes(b"pixels")
    for use in (storage.info, storage.read, lambda a: InputCache(tmp_path / "cache", 10**6).local(storage.info(a))):
        Quiet.statuses[:] = [503, 429, 500, 502]
        assert use(f"{address}/a.png") is not None
        assert Quiet.statuses == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_refuses_is_not_asked_again(site, status):
    """It is said at once, without what a query may hold."""
    _, address = site
    Quiet.statuses[:] = [status] * 9
    with pytest.raises(StoreRefusedError, match=rf"/a.png: cannot read: access denied \(status {status}\)") as told:
        storage.read(f"{address}/a.png?token=secret")
    assert "secret" not in str(told.value)
    assert len(Quiet.statuses) == 8
