"""S3 through s3fs, with every request tried again by our own rules, and every answer checked before it is used."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any

from fsspec.asyn import sync
from s3fs import S3FileSystem

from job.errors import StorageError
from job.storage.faults import Kind, MismatchError, changed, code, judge
from job.storage.received import Received, received
from job.storage.retry import Retries

CONNECT_S = 10.0
STALL_S = 20.0  # without a byte
REQUEST_S = 300.0  # for all of a request; BLOCK needs 110 kB/s
BLOCK = 1 << 25
WHOLE = 1 << 23  # up to which a reader gets a file in one piece

ACTIONS = {"get_object": "read", "head_object": "read", "list_objects_v2": "list", "delete_object": "delete"}
PRECONDITION = ("PreconditionFailed", "412")
NO_SUCH_RANGE = ("InvalidRange", "416")


class S3(S3FileSystem):  # type: ignore[misc]
    """The file system of `s3://`."""

    retries = 1  # of s3fs itself

    def __init__(self, *args: Any, config_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        settings = {
            "connect_timeout": CONNECT_S,
            "read_timeout": STALL_S,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
        }
        super().__init__(*args, config_kwargs=settings | (config_kwargs or {}), **kwargs)

    async def _call_s3(self, method: str, *akwarglist: Any, **kwargs: Any) -> Any:
        """Make one request, through which all of s3fs goes.

        FileNotFoundError and FileExistsError pass, for s3fs reads them; all other errors leave as StorageError, which
        it does not catch: its listings take an OSError for an empty folder.
        """
        address = f"s3://{kwargs.get('Bucket', '')}/{kwargs.get('Key') or kwargs.get('Prefix') or ''}"
        attempts = Retries(address, ACTIONS.get(method, "write"))
        renewed = False
        while True:
            try:
                async with asyncio.timeout(REQUEST_S):
                    answer = await super()._call_s3(method, *akwarglist, **kwargs)
                    return await received(answer) if method == "get_object" else answer
            except FileExistsError:
                raise
            except Exception as error:
                found = judge(error)
                if found.kind is Kind.GONE:
                    raise FileNotFoundError(address) from None
                if code(error) in NO_SUCH_RANGE and str(kwargs.get("Range")).startswith("bytes=0-"):
                    return {"Body": Received(b"", "", "")}  # an empty file has no first byte
                if code(error) in PRECONDITION and "IfNoneMatch" in kwargs:
                    raise FileExistsError(address) from None
                if code(error) in PRECONDITION:
                    raise changed(address) from None
                expired = found.kind is Kind.EXPIRED and not renewed
                wait = 0.0 if expired else attempts.failed(error)
            if expired:
                renewed = True
                await self.set_session(refresh=True)
            await asyncio.sleep(wait)

    def content(self, path: str, length: int | None = None) -> bytes:
        """Read a whole file, or its first bytes, with one request."""
        head = {} if length is None else {"Range": f"bytes=0-{length - 1}"}
        return self._get(path, **head).data[:length]

    def blocks(self, path: str, size: int, version: str) -> Iterator[bytes]:
        """Read a file of that size and that version, "" if it has none, in blocks; StorageError if it is another."""
        digest, md5 = hashlib.md5(usedforsecurity=False), ""
        same = {"IfMatch": f'"{version}"'} if version else {}
        for start in range(0, max(size, 1), BLOCK):
            ranged = {"Range": f"bytes={start}-{min(start + BLOCK, size) - 1}"} if size > BLOCK else {}
            got = self._get(path, **same, **ranged)
            if version and got.version != version:
                raise changed(self.unstrip_protocol(path))
            md5 = got.md5
            digest.update(got.data)
            yield got.data
        if md5 and md5 != digest.hexdigest():
            raise MismatchError("the content does not match its ETag")

    def reader(self) -> Reader:
        """Give a file system for those who read through one."""
        return Reader(endpoint_url=self.endpoint_url, client_kwargs=self.client_kwargs, skip_instance_cache=True)

    def _get(self, path: str, **kwargs: Any) -> Received:
        bucket, key, version_id = self.split_path(path)
        asked = {"VersionId": version_id} if version_id else {}
        answer = sync(self.loop, self._call_s3, "get_object", Bucket=bucket, Key=key, **asked, **kwargs)
        body: Received = answer["Body"]
        return body


class Reader(S3):
    """For readers that take a file system and ask for each file many times (DuckDB): files that never change.

    fault: the last StorageError, which such a reader turns into an error of its own.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fault: StorageError | None = None
        self._known: dict[str, dict[str, Any]] = {}

    async def _call_s3(self, method: str, *akwarglist: Any, **kwargs: Any) -> Any:
        try:
            return await super()._call_s3(method, *akwarglist, **kwargs)
        except StorageError as error:
            self.fault = error
            raise

    async def _info(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        name = self._strip_protocol(path)
        if name not in self._known:
            self._known[name] = await super()._info(name, *args, **kwargs)
        return self._known[name]

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        """Open a file; a small one is read whole, for of a whole the checksum can be checked."""
        whole = self.info(path)["size"] <= WHOLE
        return super()._open(path, mode, **kwargs | ({"cache_type": "all"} if whole else {}))
