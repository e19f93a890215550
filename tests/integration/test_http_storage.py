"""Inputs over HTTP, from a server on 127.0.0.1."""

import http.server
import os
import threading
import zipfile
from functools import partial

import cv2
import pytest

from job import storage
from job.cli.opening import read_spec
from job.datasets.discover import discover
from job.errors import StorageError, StoreRefusedError
from job.storage import InputCache
from tests.cases import GENERATED
from tests.datasets.make import dataset, grey, load, square


class Server(http.server.SimpleHTTPRequestHandler):
    """A server of files. versions: whether it sends `Last-Modified`. statuses: errors of the next responses."""

    versions = True
    statuses = []

    def log_message(self, *arguments):
        """Log nothing."""

    def do_GET(self):
        """Respond with the next status that a test has set, else with the file."""
        if self.statuses:
            self.send_error(self.statuses.pop(0))
        else:
            super().do_GET()

    def do_HEAD(self):
        """Respond as to a GET, without a body."""
        self.do_GET() if self.statuses else super().do_HEAD()

    def send_header(self, keyword, value):
        """Leave out the modification time if there are no versions."""
        if self.versions or keyword != "Last-Modified":
            super().send_header(keyword, value)


class Versionless(Server):
    """A server that reports no version."""

    versions = False


@pytest.fixture(params=[Server, Versionless])
def site(request, tmp_path, quick):
    """A folder and its address on the server."""
    Server.statuses.clear()
    (tmp_path / "site").mkdir()
    handler = partial(request.param, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path / "site", f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_is_described_and_cached(site, tmp_path):
    """As in any other store."""
    folder, address = site
    (folder / "a.png").write_bytes(b"pixels")
    file = storage.info(f"{address}/a.png")
    assert (file.address, file.size) == (f"{address}/a.png", 6)
    assert InputCache(tmp_path / "cache", 10**6).local(file).read_bytes() == b"pixels"
    assert storage.info(f"{address}/none.png") is None


def test_names_with_spaces_and_brackets_are_found(site, tmp_path):
    """The server writes them with percent signs; people do not."""
    folder, address = site
    for name in ("P 1/a (1).png", "P 1/a (1)_mask.png", "P%202/a (1).png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(name.encode())
    files = storage.list_files(f"{address}/P 1", "a (*).png")
    assert [(file.address, file.size) for file in files] == [(f"{address}/P%201/a%20(1).png", 13)]
    assert InputCache(tmp_path / "cache", 10**6).local(files[0]).read_bytes() == b"P 1/a (1).png"
    assert [file.size for file in storage.list_files(address, "P */a ([0-9]).png")] == [13]
    assert storage.info(f"{address}/P 1/a (1).png") is not None
    for pattern, masks in (
        ("P {n:int}/{stem_of} (1).png", "P {n}/{stem_of}*_mask.png"),
        ("P 1/*).png", "{parent}/{stem}_mask.png"),
    ):
        data = dataset(tmp_path, images=f"{address}/{pattern}", masks=f"{address}/{masks}".replace("{parent}", "P 1"))
        (source,) = discover(data)
        assert source.image.endswith("a (1).png")
        assert [mask.address for mask in source.masks["object"]] == [f"{address}/P%201/a%20(1)_mask.png"]


def test_the_parent_of_an_image_on_a_server_has_no_percent_signs(site, tmp_path):
    """It fills {parent} in the templates of masks and patients."""
    folder, address = site
    for name in ("P 1/a.png", "m/P 1.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    data = dataset(tmp_path, images=f"{address}/P*/a.png", masks=f"{address}/m/{{parent}}.png", patient="{parent}")
    (source,) = discover(data)
    assert (source.patient, source.masks["object"][0].address) == ("P 1", f"{address}/m/P%201.png")


def test_a_folder_is_listed_with_sizes(site, tmp_path):
    """The server's page of links has none, so each file is looked up."""
    folder, address = site
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(name.encode())
    files = storage.list_files(address, "*.png")
    assert [(file.address, file.size) for file in files] == [(f"{address}/a.png", 5), (f"{address}/b.png", 5)]
    assert InputCache(tmp_path / "cache", 10**6).local(files[1]).read_bytes() == b"b.png"
    assert files[0] == storage.info(f"{address}/a.png")


def test_a_spec_is_read(site):
    """Only its first 256 KiB are requested, but a server like this one sends the whole file."""
    folder, address = site
    (folder / "my.yaml").write_text(GENERATED.format(output="results"))
    assert read_spec(f"{address}/my.yaml").study.study == "generated"
    with pytest.raises(StorageError, match=r"/none.yaml: cannot read: nothing is there"):
        read_spec(f"{address}/none.yaml")


def test_a_changed_file_is_never_taken_from_the_cache(site, tmp_path):
    """If the server reports no version, the content is hashed."""
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


def test_a_request_to_a_busy_server_is_retried(site, tmp_path):
    """The adapter raises FileNotFoundError for some of these statuses, but the file is not missing."""
    folder, address = site
    (folder / "a.png").write_bytes(b"pixels")
    cache = InputCache(tmp_path / "cache", 10**6)
    for operation in (storage.info, storage.read, lambda name: cache.local(storage.info(name))):
        Server.statuses[:] = [503, 429, 500, 502]
        assert operation(f"{address}/a.png") is not None
        assert Server.statuses == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_request_is_not_retried(site, status):
    """The message has no secret of the address's query."""
    _, address = site
    Server.statuses[:] = [status] * 9
    with pytest.raises(StoreRefusedError, match=rf"/a.png: cannot read: access denied \(status {status}\)") as refused:
        storage.read(f"{address}/a.png?token=secret")
    assert "secret" not in str(refused.value)
    assert len(Server.statuses) == 8


def test_files_in_an_archive_are_read_from_a_server_that_gives_whole_files_alone(site, tmp_path, monkeypatch):
    """As Python's does: the archive is fetched, and each image is read from the copy."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    folder, address = site
    with zipfile.ZipFile(folder / "my set.zip", "w") as archive:
        for name in ("images/a 1.png", "images/b%20.png", "masks/a 1.png", "masks/b%20.png"):
            archive.writestr(name, cv2.imencode(".png", grey() if name.startswith("images") else square())[1].tobytes())
    root = f"{address}/my set.zip#"
    data = dataset(tmp_path, images=f"{root}images/*.png", masks=f"{root}masks/{{name}}")
    assert [sample.image for sample in load(data, tmp_path).samples] == ["a 1.png", "b%20.png"]
