"""A hub on 127.0.0.1 as huggingface_hub asks it: what a repository is, what it holds, and its files by ranges."""

import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def hub(folder: Path):
    """Serve the folders `owner/name` below a folder as repositories of models; yield the server's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"folder": folder, "asked": []}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.RequestHandlerClass.asked
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    asked: list[str]
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Log nothing."""

    def do_GET(self):
        self.asked.append(f"{self.command} {self.path}")
        path = unquote(urlsplit(self.path).path)
        if info := re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/[^/]+)?", path):
            self._json({"id": info[1], "sha": COMMIT, "private": False, "tags": [], "downloads": 0, "likes": 0})
        elif tree := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/[^/]+(/.*)?", path):
            self._json(self._entries(tree[1], tree[2] or ""))
        elif file := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            self._file(self.folder / file[1] / file[2])
        else:
            self._answer(404, b"{}")

    do_HEAD = do_GET

    def do_POST(self):
        self.asked.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body)["paths"]
        repo = unquote(self.path).removeprefix("/api/models/").partition("/paths-info")[0]
        names = [asked] if isinstance(asked, str) else asked
        self._json([entry for entry in self._entries(repo, "") if entry["path"] in names])

    def _entries(self, repo, below):
        root = self.folder / repo
        return [
            {
                "type": "directory" if path.is_dir() else "file",
                "path": str(path.relative_to(root)),
                "size": path.stat().st_size,
                "oid": hashlib.sha1(path.read_bytes() if path.is_file() else b"").hexdigest(),  # noqa: S324
            }
            for path in sorted((root / below.strip("/")).iterdir())
        ]

    def _json(self, value):
        self._answer(200, json.dumps(value).encode())

    def _file(self, path):
        if not path.is_file():
            self._answer(404, b"{}", {"X-Error-Code": "EntryNotFound"})
            return
        content, status = path.read_bytes(), 200
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT}  # noqa: S324
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            content, status = content[first : last + 1], 206
        self._answer(status, content, headers)

    def _answer(self, status, content, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
