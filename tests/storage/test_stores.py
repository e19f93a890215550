"""Which file system an address opens, with which options, and what it reports about a file."""

import subprocess
import sys
from datetime import UTC, datetime

import fsspec
import pytest
import s3fs
from fsspec.implementations.http import HTTPFileSystem
from s3fs import S3FileSystem

from job.errors import StorageError
from job.storage.stores import file_info, is_local, is_s3, open_store

REGISTRY_CHECK = """
import fsspec

known, registered = set(fsspec.available_protocols()), dict(fsspec.registry)
from job import storage
from job.storage.stores import open_store

assert dict(fsspec.registry) == registered, "the import registers something"
fs, _ = open_store("s3://bucket/key")
import s3fs

assert set(fsspec.available_protocols()) == known
for protocol in ("s3", "s3a"):
    assert fsspec.get_filesystem_class(protocol) is s3fs.S3FileSystem
"""


@pytest.fixture(autouse=True)
def s3_environment(monkeypatch):
    """Credentials, but neither region nor endpoint."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for secret in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(secret, "x")
    S3FileSystem.clear_instance_cache()
    yield
    S3FileSystem.clear_instance_cache()


def test_the_registry_of_fsspec_stays_as_it_is():
    """Other users of fsspec in this process find it as it was."""
    subprocess.run([sys.executable, "-c", REGISTRY_CHECK], check=True)


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_s3_opens_s3fs(scheme):
    """Which makes one attempt at a request; botocore repeats it."""
    fs, path = open_store(f"{scheme}://bucket/a::b/key.png")
    assert (type(fs), path, fs.retries) == (s3fs.S3FileSystem, "bucket/a::b/key.png", 1)
    assert fs.s3.meta.config.retries["mode"] == "standard"


@pytest.mark.parametrize(
    ("address", "local", "s3"),
    [
        ("a.png", True, False),
        ("file:///data/a.png", True, False),
        ("package://nilearn/a.png", True, False),
        ("s3://bucket/a.png", False, True),
        ("memory://a.png", False, False),
    ],
)
def test_local_and_s3_stores_are_recognised(address, local, s3):
    """Both have operations of their own; the rest use fsspec's."""
    fs, _ = open_store(address)
    assert (is_local(fs), is_s3(fs)) == (local, s3)


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_that_of_the_environment(monkeypatch, name):
    """Either name works; botocore by itself reads the second alone."""
    monkeypatch.setenv(name, "eu-central-1")
    fs, _ = open_store("s3://bucket/key")
    assert fs.s3.meta.region_name == "eu-central-1"


def test_the_endpoint_is_that_of_the_environment(monkeypatch):
    """Also after it has changed."""
    for endpoint in ("http://127.0.0.1:1", "http://127.0.0.1:2"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        fs, _ = open_store("s3://bucket/key")
        assert fs.s3.meta.endpoint_url == endpoint


def test_no_listing_is_kept_from_an_earlier_operation():
    """Other workers write to the same store."""
    fs, _ = open_store("s3://bucket/a")
    fs.dircache["bucket"] = [{"name": "bucket/a", "size": 0, "type": "file"}]
    fs, _ = open_store("s3://bucket/a")
    assert "bucket" not in fs.dircache


def test_an_address_may_name_one_version_of_an_s3_file():
    """Its `versionId` is kept apart from the key."""
    fs, path = open_store("s3://bucket/key?versionId=abc")
    assert fs.split_path(path) == ("bucket", "key", "abc")
    assert not open_store("s3://bucket/key")[0].version_aware


@pytest.mark.parametrize("address", ["http://host/a::b.png", "https://host/a.png?x=1", "http://[::1]:8000/a.png"])
def test_http_addresses_are_paths_as_they_are(address):
    """A connection that stalls for 20 s has failed; a long download has not."""
    fs, path = open_store(address)
    timeout = fs.client_kwargs["timeout"]
    assert (type(fs), path) == (HTTPFileSystem, address)
    assert (timeout.total, timeout.sock_connect, timeout.sock_read) == (None, 20, 20)


def test_user_and_host_of_an_address_reach_the_adapter(monkeypatch):
    """As fsspec's own functions read them from the address."""
    opened = {}

    class Remote(fsspec.AbstractFileSystem):
        protocol = "remote"
        cachable = False

        def __init__(self, **options):
            opened.update(options)
            super().__init__()

        @staticmethod
        def _get_kwargs_from_urls(address):
            options = fsspec.utils.infer_storage_options(address)
            return {name: options[name] for name in ("host", "username")}

    fsspec.register_implementation("remote", Remote, clobber=True)
    _, path = open_store("remote://me@host/a::b")
    assert opened == {"host": "host", "username": "me"}
    assert path == "me@host/a::b"


@pytest.mark.parametrize(
    ("details", "version"),
    [
        ({"ETag": '"abc"', "LastModified": datetime(2020, 1, 1, tzinfo=UTC)}, "abc"),
        ({"LastModified": datetime(1970, 1, 2, tzinfo=UTC)}, "86400.0"),
        ({"mtime": 86400.0}, "86400.0"),
        ({"ETag": "", "mtime": 5.5}, "5.5"),
        ({}, ""),
    ],
)
def test_the_version_of_a_file_is_the_most_reliable_of_those_reported(details, version):
    """An ETag without its quotes, else a time in seconds, else nothing."""
    fs, _ = open_store("memory://a")
    assert file_info(fs, "memory://a", {"name": "/a", "size": 3, **details}).version == version


def test_a_file_of_unknown_size_is_refused():
    """Nothing could tell whether it came whole."""
    fs, _ = open_store("s3://bucket/a")
    with pytest.raises(StorageError, match=r"^s3://bucket/a: the store does not report this file's size; copy"):
        file_info(fs, "s3://bucket/a", {"name": "bucket/a", "size": None})
