"""S3 through s3fs: each request is retried by `retry.py`, and each response is checked before it is used."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any

from fsspec.asyn import sync
from s3fs import S3FileSystem

from job.errors import StorageError
from job.storage.faults import Kind, MismatchError, changed_since_plan, classify, s3_code
from job.storage.received import ReceivedBody, receive
from job.storage.retry import STALL_S, Backoff

CONNECT_S = 10.0
REQUEST_S = 300.0  # for a whole request; a BLOCK then needs 110 kB/s
BLOCK = 1 << 25  # bytes of a file that one request reads
WHOLE = 1 << 23  # bytes; a Reader reads files up to this size with one request

ACTIONS = {"get_object": "read", "head_object": "read", "list_objects_v2": "list", "delete_object": "delete"}
PRECONDITION = ("PreconditionFailed", "412")
NO_SUCH_RANGE = ("InvalidRange", "416")


class CredentialsFileError(Exception):
    """A local file that the credentials need cannot be read. To s3fs it would be a file missing in the store."""


class S3(S3FileSystem):  # type: ignore[misc]
    """The file system of `s3://`. It is not registered with fsspec, whose other users keep s3fs's own."""

    retries = 1  # s3fs's own count of attempts

    def __init__(self, *args: Any, config_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        settings = {
            "connect_timeout": CONNECT_S,
            "read_timeout": STALL_S,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
        }
        super().__init__(*args, config_kwargs=settings | (config_kwargs or {}), **kwargs)

    async def _call_s3(self, method: str, *akwarglist: Any, **kwargs: Any) -> Any:
        """Make one request. All requests of s3fs come through here; it has no public hook.

        FileNotFoundError and FileExistsError are raised as they are, because s3fs handles them. All other errors are
        raised as StorageError, which s3fs does not handle: its listings take an OSError for an empty folder.
        """
        address = f"s3://{kwargs.get('Bucket', '')}/{kwargs.get('Key') or kwargs.get('Prefix') or ''}"
        backoff = Backoff(address, ACTIONS.get(method, "write"))
        renewed = False
        while True:
            try:
                async with asyncio.timeout(REQUEST_S):
                    response = await super()._call_s3(method, *akwarglist, **kwargs)
                    return await receive(response) if method == "get_object" else response
            except FileExistsError:
                raise
            except Exception as caught:
                error = _of_credentials(caught)
                kind, code = classify(error).kind, s3_code(error)
                if kind is Kind.NOT_FOUND:
                    raise FileNotFoundError(address) from None
                if code in NO_SUCH_RANGE and str(kwargs.get("Range")).startswith("bytes=0-"):
                    return {"Body": ReceivedBody(b"", "", "")}  # an empty file has no first byte
                if code in PRECONDITION and "IfNoneMatch" in kwargs:
                    raise FileExistsError(address) from None
                if code in PRECONDITION:
                    raise changed_since_plan(address) from None
                renew = kind is Kind.EXPIRED and not renewed
                wait = 0.0 if renew else backoff.wait_after(error)
            if renew:
                renewed = True
                await self.set_session(refresh=True)
            await asyncio.sleep(wait)

    def content(self, path: str, length: int | None = None) -> bytes:
        """Read a whole file, or its first `length` bytes, with one request."""
        head = {} if length is None else {"Range": f"bytes=0-{length - 1}"}
        return self._get(path, **head).data[:length]

    def blocks(self, path: str, size: int, version: str) -> Iterator[bytes]:
        """Yield a file's content in blocks; StorageError if its version is another. version: "" for any."""
        digest, md5 = hashlib.md5(usedforsecurity=False), ""
        condition = {"IfMatch": f'"{version}"'} if version else {}
        for start in range(0, max(size, 1), BLOCK):
            block_range = {"Range": f"bytes={start}-{min(start + BLOCK, size) - 1}"} if size > BLOCK else {}
            body = self._get(path, **condition, **block_range)
            if version and body.version != version:
                raise changed_since_plan(self.unstrip_protocol(path))
            md5 = body.md5
            digest.update(body.data)
            yield body.data
        if md5 and md5 != digest.hexdigest():
            raise MismatchError("the content does not match its ETag")

    def reader(self) -> Reader:
        """Return a file system for a program that reads through one (DuckDB)."""
        return Reader(endpoint_url=self.endpoint_url, client_kwargs=self.client_kwargs, skip_instance_cache=True)

    def _get(self, path: str, **kwargs: Any) -> ReceivedBody:
        bucket, key, version_id = self.split_path(path)
        version = {"VersionId": version_id} if version_id else {}
        response = sync(self.loop, self._call_s3, "get_object", Bucket=bucket, Key=key, **version, **kwargs)
        body: ReceivedBody = response["Body"]
        return body


class Reader(S3):
    """A file system for readers that request a file's description many times (DuckDB). The files must not change.

    last_error: the last StorageError, which such a reader turns into an error of its own.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.last_error: StorageError | None = None
        self._details: dict[tuple[str, ...], dict[str, Any]] = {}

    async def _call_s3(self, method: str, *akwarglist: Any, **kwargs: Any) -> Any:
        try:
            return await super()._call_s3(method, *akwarglist, **kwargs)
        except StorageError as error:
            self.last_error = error
            raise

    async def _info(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        key = self.split_path(path)
        if key not in self._details:
            self._details[key] = await super()._info(path, *args, **kwargs)
        return self._details[key]

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        """Open a file. A small file is read whole, because only a whole file's checksum is known."""
        is_small = self.info(path)["size"] <= WHOLE
        return super()._open(path, mode, **kwargs | ({"cache_type": "all"} if is_small else {}))


def _of_credentials(error: Exception) -> Exception:
    """Return a request's error; if it is of a local file, which only the credentials need, as an error of that file."""
    if isinstance(error, OSError) and error.filename and not s3_code(error):
        return CredentialsFileError(f"{error.filename}: {error.strerror}")
    return error
