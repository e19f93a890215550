"""Web addresses as the machine reaches them: proxies, certificates, redirects, and names that nobody knows."""

import http.server
import socket
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from job import storage
from job.errors import StoreRefusedError
from job.storage import InputCache

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Key and certificate of 127.0.0.1, made for these tests, and signed by nobody else. It ends in 2126."""
CONTENT = bytes(range(256)) * 40_000  # more than one block of fsspec's


class Handler(http.server.BaseHTTPRequestHandler):
    """One file at every path, without answers to requests for a range; or a redirect to what the path states."""

    def log_message(self, *arguments):
        """Log nothing."""

    def do_GET(self):
        """Send the file, or the redirect."""
        self.server.seen.append(self.path)
        _, redirects, target = self.path.partition("/to/")
        self.send_response(302 if redirects else 200)
        for name, value in (
            (("Location", target),) if redirects else (("Content-Length", len(CONTENT)), ("ETag", '"1"'))
        ):
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "GET" and not redirects:
            self.wfile.write(CONTENT)

    do_HEAD = do_GET


@contextmanager
def serving(context=None):
    """Run a server, with TLS if there is a context."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.address = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch, quick):
    """No proxy and no certificates of this machine's own."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    """A server without TLS."""
    with serving() as server:
        yield server


@pytest.fixture
def safe_server():
    """A server with TLS, whose certificate no system trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with serving(context) as server:
        yield server


def test_a_file_comes_through_the_proxy(server, monkeypatch, tmp_path):
    """Also from a server that answers no request for a range."""
    monkeypatch.setenv("HTTP_PROXY", server.address)
    file = storage.info("http://models.internal/a.pth")
    assert InputCache(tmp_path, 10**9).local(file).read_bytes() == CONTENT
    assert set(server.seen) == {"http://models.internal/a.pth"}


def test_hosts_that_need_no_proxy_are_asked_directly(server, monkeypatch):
    """NO_PROXY lists them."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert storage.read(f"{server.address}/a") == CONTENT


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"])
def test_a_certificate_of_the_environment_is_trusted(safe_server, monkeypatch, variable):
    """Whichever variable names it."""
    with pytest.raises(
        StoreRefusedError, match=r"the store's certificate is not trusted .*; check the address, and set"
    ):
        storage.read(f"{safe_server.address}/a")
    monkeypatch.setenv(variable, str(CERTIFICATE))
    assert storage.read(f"{safe_server.address}/a") == CONTENT


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"])
def test_s3_trusts_the_same_certificates(safe_server, s3, monkeypatch, variable):
    """Botocore itself reads two of the three variables."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", safe_server.address)
    with pytest.raises(StoreRefusedError, match="the store's certificate is not trusted"):
        storage.info("s3://bucket/a")
    S3FileSystem.clear_instance_cache()
    monkeypatch.setenv(variable, str(CERTIFICATE))
    assert storage.info("s3://bucket/a").size == len(CONTENT)


@pytest.mark.parametrize("address", ["https://127.0.0.1:1/a", "s3://bucket/a"])
@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_file_of_certificates_that_is_none_is_refused(s3, monkeypatch, tmp_path, address, content):
    """A missing one is not taken for a missing input."""
    if content:
        (tmp_path / "ca.pem").write_bytes(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with pytest.raises(StoreRefusedError, match=r"REQUESTS_CA_BUNDLE: .*ca.pem is no file of trusted certificates: "):
        storage.info(address)


def test_a_redirect_on_the_same_host_is_followed(server):
    """As to another folder."""
    assert storage.read(f"{server.address}/to//a") == CONTENT


def test_a_redirect_to_another_host_is_refused(server):
    """It is not asked at all: the spec does not name it."""
    with serving() as other:
        other_name = other.address.replace("127.0.0.1", "localhost")
        for target in (other.address, other_name):
            for operation in (storage.read, storage.info, lambda name: storage.list_files(name, "*.png")):
                with pytest.raises(StoreRefusedError) as refused:
                    operation(f"{server.address}/to/{target}/x?token=secret")
                message = (
                    f"the server redirects to another host, or from https to http (RedirectError: {target}/x); give"
                )
                assert message in str(refused.value)
        assert other.seen == []


def test_a_redirect_from_tls_to_none_is_refused(safe_server, server, monkeypatch):
    """Even where both addresses are allowed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", f"{safe_server.address},{server.address}")
    with pytest.raises(StoreRefusedError, match="the server redirects to another host, or from https to http"):
        storage.read(f"{safe_server.address}/to/{server.address}/x")
    assert server.seen == []


def test_a_redirect_is_followed_to_an_address_that_the_operator_lists(server, monkeypatch):
    """As of a release whose files lie on another host. Others are refused on the same host too."""
    with serving() as other:
        monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", f"{server.address}/to,{other.address}/x")
        assert storage.read(f"{server.address}/to/{other.address}/x/a") == CONTENT
        with pytest.raises(StoreRefusedError, match="the server redirects to another host"):
            storage.read(f"{server.address}/to//other")


def test_a_host_that_nobody_knows_is_refused(s3, monkeypatch):
    """In the resolver's words, after one attempt; botocore's has three requests."""
    calls = []

    def unknown(host, *arguments, **options):
        calls.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3.internal")
    for address, hosts in (("http://models.internal/a", ["models.internal"]), ("s3://bucket/a", ["s3.internal"] * 3)):
        calls.clear()
        with pytest.raises(
            StoreRefusedError, match=r"name is not known \(gaierror: Name or service not known\); check the"
        ):
            storage.read(address)
        assert calls == hosts
