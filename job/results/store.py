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
from job.errors import MachineError, OutputError, StorageError
from job.storage import public

FOOTER = b"medsam_job"
"""Key of a file's Parquet metadata; its value is JSON."""
SUMMARY = "plan.json"
"""The file below `summary/` that names the plan whose summary it is."""
FAILED = ".failed.json"
"""Suffix of the file that records why a chunk failed twice."""
PARTIAL = ".partial"
"""Suffix of a file that storage errors cut short: used while no full file exists, and made again by a later run."""


@dataclass(frozen=True)
class Results:
    """The results folder of a study, at any address."""

    output: str

    def check_writable(self) -> None:
        """Use the folder as a run does: create, create again, list, find, read, delete.

        Raise OutputError if a step fails, and MachineError if the disk is full.
        """
        name, shown = f".probe-{secrets.token_hex(8)}", f"output {public(self.output)}"
        try:
            problem = _probe(self.output, name)
        except MachineError:
            raise
        except StorageError as error:
            raise OutputError(f"{shown} is not writable: {error}") from None
        if problem:
            raise OutputError(f"{shown}: {problem}; choose another location")

    def done(self) -> frozenset[str]:
        """Return the names of the parts that are stored in full, scores and predictions."""
        predicted = {name.rpartition("-")[0] for name in self.names("predictions")}
        return frozenset(predicted & {name for name in self.names("iou") if not name.endswith(PARTIAL)})

    def read(self) -> frozenset[str]:
        """Return the names of the chunks whose objects and ledger are stored in full."""
        return frozenset(self.names("objects") & self.names("excluded"))

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

    def gather_manifests(self, plan: str) -> None:
        """Write the manifests of all workers to manifest.json, in the place of a plan. One that is damaged is named."""
        files = storage.list_files(storage.join(self.output, "manifests"), "*.json")
        runs = [_parsed(file.address) or {"unreadable": public(file.address)} for file in files]
        storage.write(storage.join(self.place(plan), "manifest.json"), _json({"runs": runs}))

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

    def follow(self, plan: str) -> None:
        """Let the output follow a plan: its summary lies at the top, and the commands read it unless told otherwise."""
        storage.write(self._current, _json({"plan": plan}))

    def current_plan(self) -> str | None:
        """Return the name of the plan that the output follows, None if there is none; OutputError if it is damaged."""
        if storage.info(self._current) is None:
            return None
        plan = (_parsed(self._current) or {}).get("plan")
        if not isinstance(plan, str):
            raise OutputError(f"{public(self._current)}: damaged; delete it and run the study again, which restores it")
        return plan

    def place(self, plan: str) -> str:
        """Return the folder of a plan's summary and database: the top if the output follows it, else one of its own."""
        return self.output if plan == self.current_plan() else storage.join(self.output, "plan", plan)

    def summarised(self, plan: str) -> bool:
        """Return whether the place of a plan holds its summary, made from all of its parts."""
        address = storage.join(self.place(plan), "summary", SUMMARY)
        stored = _parsed(address) if storage.info(address) else None
        return stored is not None and stored.get("plan") == plan and stored.get("complete") is True

    def write_summary(self, plan: str, tables: Mapping[str, bytes], *, complete: bool) -> None:
        """Store a plan's summary, by file name. Last comes the file that says whose it is. complete: of all parts."""
        folder = storage.join(self.place(plan), "summary")
        for name, content in tables.items():
            storage.write(storage.join(folder, name), content)
        storage.write(storage.join(folder, SUMMARY), _json({"plan": plan, "complete": complete}))

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
    def _current(self) -> str:
        return storage.join(self.output, "current.json")

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


def _parsed(address: str) -> dict[str, Any] | None:
    """Return the mapping that a JSON file holds, None if it holds none."""
    try:
        value = json.loads(storage.read(address))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
