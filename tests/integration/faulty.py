"""A proxy between a client and an S3 server that makes a share of the requests fail, each in one of several ways.

It forwards requests unchanged, `Host` included, so that signatures hold. Chance is seeded.
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

STALL_S = 60.0
ERRORS = {
    "500": (500, "InternalError", "We encountered an internal error. Please try again."),
    "503": (503, "SlowDown", "Please reduce your request rate."),
    "ExpiredToken": (400, "ExpiredToken", "The provided token has expired."),
    "AccessDenied": (403, "AccessDenied", "Access Denied."),
    "NoSuchBucket": (404, "NoSuchBucket", "The specified bucket does not exist"),
}
"""Faults that are an answer of S3: status, code, message."""
PASSING = ("500", "503", "reset", "lose", "truncate", "alter", "stall")
"""Faults that a client should get over.

reset: the connection is reset, the request not carried out. lose: carried out, but then reset. truncate: half the body
comes. alter: one byte of it is another. stall: half of it comes, and then nothing more.
"""


class FaultyProxy:
    """The proxy, listening on 127.0.0.1. `seen` counts requests, `done` the faults by kind.

    share: of requests that fail, in one of `kinds` by chance. script: the fates of the next requests, "" for none.
    lasting: by a part of addresses, how every request to them fails; "" is a part of all. from_write: a part of
    addresses and a fault; from the first write to such an address on, all requests fail so.
    """

    def __init__(self, upstream: str, *, share: float = 0.0, kinds: tuple[str, ...] = PASSING, seed: int = 0) -> None:
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname, parts.port)
        self.share, self.kinds = share, kinds
        self.script: list[str] = []
        self.lasting: dict[str, str] = {}
        self.from_write: tuple[str, str] | None = None
        self.seen = 0
        self.done: Counter[str] = Counter()
        self.closing = threading.Event()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FaultyProxy:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def fate(self, method: str, path: str) -> str:
        """Decide what happens to a request; "" if it is left alone."""
        with self._lock:
            self.seen += 1
            if self.from_write and method == "PUT" and self.from_write[0] in path:
                self.lasting[""] = self.from_write[1]
            found = next((fault for part, fault in self.lasting.items() if part in path), None)
            if found is None and self.script:
                found = self.script.pop(0)
            elif found is None:
                fails, kind = self._random.random() < self.share, self._random.choice(self.kinds)
                found = kind if fails else ""
            if found:
                self.done[found] += 1
            return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fate = self.proxy.fate(self.command, self.path)
        if fate in ERRORS:
            self._answer(*_error(fate))
        elif fate == "reset":
            self._reset()
        else:
            status, headers, content = self._forward(body)
            if fate == "stall" and not content:
                self.proxy.closing.wait(STALL_S)
            if fate == "lose" or (fate and not content) or (fate == "alter" and not self._is_object(status)):
                self._reset()  # also an answer that has no body, or one that nothing could check
            elif fate == "alter":
                middle = len(content) // 2
                self._answer(status, headers, content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
            else:
                self._answer(status, headers, content, cut=fate)

    def _is_object(self, status: int) -> bool:
        return self.command == "GET" and status in (200, 206) and "list-type=" not in self.path

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _do

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.proxy.upstream, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
            dropped = ("connection", "transfer-encoding", "keep-alive")
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in dropped]
            return answer.status, headers, content
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, cut: str = "") -> None:
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
