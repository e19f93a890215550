"""A proxy between a client and a store's server that makes a share of the requests fail, each in one of several ways.

It forwards requests unchanged, `Host` included, so that their signatures stay valid. Its random numbers are seeded.
"""

from __future__ import annotations

import http.client
import random
import re
import socket
import struct
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

STALL_S = 60.0
LISTING = re.compile(r"[?&](list-type|comp)=")
"""In the query of a request to S3 or Azure whose response is no file."""
ERRORS = {
    "500": (500, "InternalError", "We encountered an internal error. Please try again."),
    "503": (503, "SlowDown", "Please reduce your request rate."),
    "ExpiredToken": (400, "ExpiredToken", "The provided token has expired."),
    "AccessDenied": (403, "AccessDenied", "Access Denied."),
    "NotImplemented": (501, "NotImplemented", "A header you provided implies functionality that is not implemented"),
    "NoSuchBucket": (404, "NoSuchBucket", "The specified bucket does not exist"),
}
"""Faults that are an error response of S3: status, code, message."""
TRANSIENT = ("500", "503", "reset", "lose", "truncate", "alter", "stall")
"""Faults after which a client should succeed.

reset: the connection is reset before the request is carried out. lose: it is reset afterwards. truncate: half of the
response's body is sent. alter: one byte of the body is changed. stall: half of the body is sent, then nothing.
"""


class FaultyProxy:
    """The proxy, listening on 127.0.0.1.

    requests, faults: the number of requests, and that of injected faults by kind. share: of requests that fail, each
    with one of `kinds` at random. script: the faults of the next requests, "" for none. lasting: substrings of
    addresses, and the fault of all requests to these; "" is in every address. from_write: a substring and a fault;
    from the first write to such an address on, all requests fail with it. creates: the fault of all create-only writes.
    """

    def __init__(self, upstream: str, *, share: float = 0.0, kinds: tuple[str, ...] = TRANSIENT, seed: int = 0) -> None:
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname, parts.port)
        self.share, self.kinds = share, kinds
        self.script: list[str] = []
        self.lasting: dict[str, str] = {}
        self.from_write: tuple[str, str] | None = None
        self.creates = ""
        self.requests = 0
        self.faults: Counter[str] = Counter()
        self.closing = threading.Event()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FaultyProxy:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def next_fault(self, method: str, path: str, *, creates: bool) -> str:
        """Return the fault of a request; "" if it is forwarded without one. creates: it is a create-only write."""
        with self._lock:
            self.requests += 1
            if creates and self.creates:
                return self.creates
            if self.from_write and method == "PUT" and self.from_write[0] in path:
                self.lasting[""] = self.from_write[1]
            fault = next((fault for substring, fault in self.lasting.items() if substring in path), None)
            if fault is None and self.script:
                fault = self.script.pop(0)
            elif fault is None:
                fails, kind = self._random.random() < self.share, self._random.choice(self.kinds)
                fault = kind if fails else ""
            if fault:
                self.faults[fault] += 1
            return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Print the error of a request, but none of a client that was killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.next_fault(self.command, self.path, creates="If-None-Match" in self.headers)
        if fault in ERRORS:
            self._respond(*_error(fault))
        elif fault == "reset":
            self._reset()
        else:
            status, headers, content = self._forward(body)
            if fault == "stall" and not content:
                self.proxy.closing.wait(STALL_S)
            if fault == "lose" or (fault and not content) or (fault == "alter" and not self._is_object(status)):
                self._reset()  # also if the response has no body, or no checksum that would reveal a changed byte
            elif fault == "alter":
                middle = len(content) // 2
                self._respond(status, headers, content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
            else:
                self._respond(status, headers, content, cut=fault)

    def _is_object(self, status: int) -> bool:
        is_content = "alt=media" in self.path if "/storage/v1/" in self.path else not LISTING.search(self.path)
        return self.command == "GET" and status in (200, 206) and is_content

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.proxy.upstream, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
            dropped = ("connection", "transfer-encoding", "keep-alive")
            headers = [(name, value) for name, value in response.getheaders() if name.lower() not in dropped]
            return response.status, headers, content
        finally:
            connection.close()

    def _respond(self, status: int, headers: list[tuple[str, str]], content: bytes, cut: str = "") -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut == "stall":
            self.wfile.flush()
            self.proxy.closing.wait(STALL_S)
        self.close_connection = bool(cut)

    def _reset(self) -> None:
        """Close the connection with RST, not FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


def _error(kind: str) -> tuple[int, list[tuple[str, str]], bytes]:
    status, code, message = ERRORS[kind]
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, [("Content-Type", "application/xml")], text.encode()
