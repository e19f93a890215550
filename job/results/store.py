"""The files of a study's output: their names, their writing, and what is done already.

A part's `iou` file is its commit: written last, create-only, its footer naming the `predictions` file. So a part that
exists is whole, whatever happened around it, and a file that no plan and no footer names counts for nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from job import SCHEMA_VERSION, storage
from job.errors import OutputError, StorageError, StoreRefusedError

FOOTER = b"medsam_job"
FAILED = ".failed.json"
"""Ends the name of a chunk's account of why it failed twice."""
PARTIAL = ".partial"
"""Ends the name of a file that storage errors cut short: used while there is no full one, made again by a later run."""


@dataclass(frozen=True)
class Results:
    """The output folder of a study, at any address."""

    output: str

    def check_writable(self) -> None:
        """Raise OutputError, before any work, if nothing can be written here."""
        probe = storage.join(self.output, ".writable")
        try:
            storage.write(probe, b"")
            with suppress(StoreRefusedError):  # a role that may write, but not delete
                storage.delete(probe)
        except StorageError as error:
            raise OutputError(f"output {storage.public(self.output)} is not writable: {error}") from None

    def done(self) -> frozenset[str]:
        """Give the names of the parts that are there in full."""
        return frozenset(self.names("iou"))

    def write_chunk(self, chunk: str, objects: pa.Table, excluded: pa.Table, *, full: bool) -> None:
        """Store the objects and the ledger of a chunk, unless they are there. Not `full`: storage failed on the way."""
        for table, rows in (("excluded", excluded), ("objects", objects)):
            self._commit(table, chunk, _to_bytes(rows, {"chunk": chunk}), full=full)

    def write_part(self, part: str, iou: pa.Table, predictions: pa.Table, made: dict[str, Any], *, full: bool) -> bool:
        """Commit a part; False if another worker was first. `made`: how it was made, for the footer."""
        data = _to_bytes(predictions, {"part": part})
        name = f"{part}-{hashlib.sha256(data).hexdigest()[:16]}"
        storage.create(self._address("predictions", name), data)
        footer = made | {"part": part, "predictions": f"{name}.parquet", "rows": iou.num_rows}
        return self._commit("iou", part, _to_bytes(iou, footer), full=full)

    def write_failure(self, chunk: str, account: dict[str, Any]) -> None:
        """Record why a chunk failed twice."""
        storage.write(self._failure(chunk), _json(account))

    def clear_failure(self, chunk: str) -> None:
        """Forget that a chunk failed, for it is tried again."""
        storage.delete(self._failure(chunk))

    def failures(self) -> dict[str, storage.FileInfo]:
        """Give the accounts of failed chunks, by chunk."""
        files = storage.list_files(storage.join(self.output, "failed"), f"*{FAILED}")
        return {file.address.rsplit("/", 1)[-1].removesuffix(FAILED): file for file in files}

    def write_manifest(self, worker: str, manifest: dict[str, Any]) -> None:
        """Store a worker's account of its run."""
        storage.write(storage.join(self.output, "manifests", f"{worker}.json"), _json(manifest))

    def gather_manifests(self) -> None:
        """Put the accounts of all workers into manifest.json."""
        files = storage.list_files(storage.join(self.output, "manifests"), "*.json")
        accounts = [json.loads(storage.read(file.address)) for file in files]
        storage.write(storage.join(self.output, "manifest.json"), _json({"runs": accounts}))

    def located(self, table: str, names: Iterable[str]) -> dict[str, str]:
        """Give the addresses of those named files of a table that are there, by name and in the order of the names.

        A partial file stands in only while there is no full one.
        """
        there = self.names(table)
        wanted = {name: (name, f"{name}{PARTIAL}") for name in names}
        found = {name: next((one for one in pair if one in there), None) for name, pair in wanted.items()}
        return {name: self._address(table, one) for name, one in found.items() if one is not None}

    def ledgers(self, parts: Mapping[str, Iterable[str]]) -> dict[str, str]:
        """Give the address of each chunk's ledger, where there is one, from the names of the parts by chunk.

        While a part is cut short, the ledger that tells of it counts: the full one may be that of an earlier run.
        """
        there, scored = self.names("excluded"), self.names("iou")
        found: dict[str, str] = {}
        for chunk, its_parts in parts.items():
            cut = any(part not in scored and f"{part}{PARTIAL}" in scored for part in its_parts)
            partial = f"{chunk}{PARTIAL}"
            wanted = (partial, chunk) if cut else (chunk, partial)
            name = next((name for name in wanted if name in there), None)
            if name is not None:
                found[chunk] = self._address("excluded", name)
        return found

    def prediction_files(self, parts: Iterable[str]) -> list[str]:
        """Give the addresses of the `predictions` files that the footers of those parts name."""
        there: dict[str, list[str]] = {}
        for name in sorted(self.names("predictions")):
            there.setdefault(name.rpartition("-")[0], []).append(name)
        found: list[str] = []
        for part, address in self.located("iou", parts).items():
            candidates = there.get(part, [])
            if len(candidates) > 1:  # the footer tells the part's own from those of workers that came second
                metadata = pq.read_schema(io.BytesIO(storage.read(address))).metadata
                candidates = [footer(metadata)["predictions"].removesuffix(".parquet")]
            found.extend(self._address("predictions", name) for name in candidates)
        return found

    def note_plan(self, name: str) -> None:
        """Note that work on a plan begins: it is the one that `status`, `verify` and `sql` look at from now on."""
        storage.write(self._latest, _json({"plan": name}))

    def latest_plan(self) -> str:
        """Give the name of the plan that was begun last; OutputError where nothing has run."""
        if storage.info(self._latest) is None:
            raise OutputError(f"{storage.public(self.output)}: holds no results of a study")
        return str(json.loads(storage.read(self._latest))["plan"])

    def _commit(self, table: str, name: str, data: bytes, *, full: bool) -> bool:
        if full:
            return storage.create(self._address(table, name), data)
        storage.write(self._address(table, f"{name}{PARTIAL}"), data)
        return True

    def names(self, table: str) -> set[str]:
        """Give the names of all files of a table, partial ones with their ending."""
        return set(self.listed(table))

    def listed(self, table: str) -> dict[str, storage.FileInfo]:
        """Give all files of a table by name, partial ones with their ending."""
        files = storage.list_files(storage.join(self.output, table), "*.parquet")
        return {file.address.rsplit("/", 1)[-1].removesuffix(".parquet"): file for file in files}

    @property
    def _latest(self) -> str:
        return storage.join(self.output, "latest.json")

    def _failure(self, chunk: str) -> str:
        return storage.join(self.output, "failed", f"{chunk}{FAILED}")

    def _address(self, table: str, name: str) -> str:
        return storage.join(self.output, table, f"{name}.parquet")


def footer(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    """Read what a part's footer says of its making."""
    found: dict[str, Any] = json.loads((metadata or {}).get(FOOTER, b"{}"))
    return found


def _to_bytes(table: pa.Table, made: dict[str, Any]) -> bytes:
    schema = table.schema.with_metadata({FOOTER: json.dumps(made | {"schema": SCHEMA_VERSION}).encode()})
    sink = io.BytesIO()
    pq.write_table(table.cast(schema), sink, compression="zstd")
    return sink.getvalue()


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
