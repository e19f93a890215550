"""The files of a study's results: their names, how they are written, and which are stored already.

The `iou` file of a part is its commit: written last, create-only, its footer naming the `predictions` file. A part that
exists is therefore complete. Files that neither the plan nor a footer names are ignored.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from job import SCHEMA_VERSION, storage
from job.errors import OutputError, StorageError

FOOTER = b"medsam_job"
"""Key of a file's Parquet metadata; its value is JSON."""
FAILED = ".failed.json"
"""Suffix of the file that records why a chunk failed twice."""
PARTIAL = ".partial"
"""Suffix of a file that storage errors cut short: used while no full file exists, and made again by a later run."""


@dataclass(frozen=True)
class Results:
    """The results folder of a study, at any address."""

    output: str

    def check_writable(self) -> None:
        """Use the folder as a run does: create, create again, list, find, read, delete. OutputError if a step fails."""
        name, shown = f".probe-{secrets.token_hex(8)}", f"output {storage.public(self.output)}"
        try:
            problem = _probe(self.output, name)
        except StorageError as error:
            raise OutputError(f"{shown} is not writable: {error}") from None
        if problem:
            raise OutputError(f"{shown}: {problem}; choose another location")

    def done(self) -> frozenset[str]:
        """Return the names of the parts that are stored in full."""
        return frozenset(name for name in self.names("iou") if not name.endswith(PARTIAL))

    def write_chunk(self, chunk: str, objects: pa.Table, excluded: pa.Table, *, full: bool) -> None:
        """Store a chunk's objects and ledger if they are not stored yet. full: False if storage errors cut it short."""
        for table, rows in (("excluded", excluded), ("objects", objects)):
            self._commit(table, chunk, _to_bytes(rows, {"chunk": chunk}), full=full)

    def write_part(self, part: str, iou: pa.Table, predictions: pa.Table, made: dict[str, Any], *, full: bool) -> bool:
        """Commit a part; return False if another worker has committed it. made: how it was made, for the footer."""
        data = _to_bytes(predictions, {"part": part})
        name = f"{part}-{hashlib.sha256(data).hexdigest()[:16]}"
        storage.create(self._address("predictions", name), data)
        metadata = made | {"part": part, "predictions": f"{name}.parquet", "rows": iou.num_rows}
        return self._commit("iou", part, _to_bytes(iou, metadata), full=full)

    def write_failure(self, chunk: str, record: dict[str, Any]) -> None:
        """Record why a chunk failed twice."""
        storage.write(self._failure(chunk), _json(record))

    def clear_failure(self, chunk: str) -> None:
        """Delete the record of a failed chunk before it is tried again."""
        storage.delete(self._failure(chunk))

    def failures(self) -> dict[str, storage.FileInfo]:
        """Return the records of failed chunks, by chunk."""
        files = storage.list_files(storage.join(self.output, "failed"), f"*{FAILED}")
        return {file.address.rsplit("/", 1)[-1].removesuffix(FAILED): file for file in files}

    def write_manifest(self, worker: str, manifest: dict[str, Any]) -> None:
        """Store the manifest of one worker's run."""
        storage.write(storage.join(self.output, "manifests", f"{worker}.json"), _json(manifest))

    def gather_manifests(self) -> None:
        """Write the manifests of all workers to manifest.json."""
        files = storage.list_files(storage.join(self.output, "manifests"), "*.json")
        runs = [json.loads(storage.read(file.address)) for file in files]
        storage.write(storage.join(self.output, "manifest.json"), _json({"runs": runs}))

    def located(self, table: str, names: Iterable[str]) -> dict[str, str]:
        """Return the addresses of a table's stored files among `names`, by name, in the order of `names`.

        A partial file is used only while no full file exists.
        """
        stored = self.names(table)
        files = {name: _first_stored((name, f"{name}{PARTIAL}"), stored) for name in names}
        return {name: self._address(table, file) for name, file in files.items() if file is not None}

    def ledgers(self, parts: Mapping[str, Iterable[str]]) -> dict[str, str]:
        """Return the address of each chunk's stored ledger, by chunk. parts: the names of the chunk's parts.

        If a part was cut short, the partial ledger is used, because the full one may come from an earlier run.
        """
        stored, scored = self.names("excluded"), self.names("iou")
        addresses: dict[str, str] = {}
        for chunk, parts_of_chunk in parts.items():
            is_cut_short = any(part not in scored and f"{part}{PARTIAL}" in scored for part in parts_of_chunk)
            preferred = (f"{chunk}{PARTIAL}", chunk) if is_cut_short else (chunk, f"{chunk}{PARTIAL}")
            name = _first_stored(preferred, stored)
            if name is not None:
                addresses[chunk] = self._address("excluded", name)
        return addresses

    def prediction_files(self, parts: Iterable[str]) -> list[str]:
        """Return the addresses of the `predictions` files that the footers of these parts name."""
        stored: dict[str, list[str]] = {}
        for name in sorted(self.names("predictions")):
            stored.setdefault(name.rpartition("-")[0], []).append(name)
        addresses: list[str] = []
        for part, address in self.located("iou", parts).items():
            candidates = stored.get(part, [])
            if len(candidates) > 1:  # the others come from workers that were not first to commit the part
                metadata = pq.read_schema(io.BytesIO(storage.read(address))).metadata
                candidates = [read_footer(metadata)["predictions"].removesuffix(".parquet")]
            addresses.extend(self._address("predictions", name) for name in candidates)
        return addresses

    def note_plan(self, name: str) -> None:
        """Record the plan whose work begins; `status`, `verify` and `sql` read it from now on."""
        storage.write(self._latest, _json({"plan": name}))

    def latest_plan(self) -> str:
        """Return the name of the plan that was begun last; OutputError if the folder holds no results."""
        if storage.info(self._latest) is None:
            raise OutputError(f"{storage.public(self.output)}: holds no results of a study")
        return str(json.loads(storage.read(self._latest))["plan"])

    def names(self, table: str) -> set[str]:
        """Return the names of a table's files; those of partial files end in `.partial`."""
        return set(self.listed(table))

    def listed(self, table: str) -> dict[str, storage.FileInfo]:
        """Return a table's files by name; the names of partial files end in `.partial`."""
        files = storage.list_files(storage.join(self.output, table), "*.parquet")
        return {file.address.rsplit("/", 1)[-1].removesuffix(".parquet"): file for file in files}

    def _commit(self, table: str, name: str, data: bytes, *, full: bool) -> bool:
        if full:
            return storage.create(self._address(table, name), data)
        storage.write(self._address(table, f"{name}{PARTIAL}"), data)
        return True

    @property
    def _latest(self) -> str:
        return storage.join(self.output, "latest.json")

    def _failure(self, chunk: str) -> str:
        return storage.join(self.output, "failed", f"{chunk}{FAILED}")

    def _address(self, table: str, name: str) -> str:
        return storage.join(self.output, table, f"{name}.parquet")


def read_footer(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    """Return the footer of a part, from its Parquet metadata; an empty dict if there is none."""
    footer: dict[str, Any] = json.loads((metadata or {}).get(FOOTER, b"{}"))
    return footer


def _probe(folder: str, name: str) -> str | None:
    """Return what a store cannot do that results need; None if it can do all. The files that try it are deleted."""
    written, created = storage.join(folder, f"{name}-written"), storage.join(folder, f"{name}-created")
    data = name.encode()
    storage.write(written, data)
    try:
        problem = _why_not_exclusive(created, data)
        if problem:
            return f"the store has no create-only writes (on S3: PUT with If-None-Match), as parts need them: {problem}"
        listed = {file.address.rsplit("/", 1)[-1] for file in storage.list_files(folder, f"{name}*")}
        if not listed.issuperset((f"{name}-written", f"{name}-created")):
            return "files that were just written are not in the list of its files"
        if storage.info(created) is None or storage.read(created) != data or storage.read(written) != data:
            return "files that were just written are not read as they were written"
    finally:
        for address in (written, created):
            with suppress(StorageError):  # a role may be allowed to write but not to delete
                storage.delete(address)
    return None


def _why_not_exclusive(address: str, data: bytes) -> str | None:
    """Return why a file cannot be created without overwriting another; None if it can."""
    try:
        if not storage.create(address, data):
            return "a new file is reported to exist"
        return "a file that exists is overwritten" if storage.create(address, b"another") else None
    except StorageError as error:
        return str(error)


def _first_stored(names: Iterable[str], stored: set[str]) -> str | None:
    return next((name for name in names if name in stored), None)


def _to_bytes(table: pa.Table, made: dict[str, Any]) -> bytes:
    schema = table.schema.with_metadata({FOOTER: json.dumps(made | {"schema": SCHEMA_VERSION}).encode()})
    sink = io.BytesIO()
    pq.write_table(table.cast(schema), sink, compression="zstd")
    return sink.getvalue()


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
