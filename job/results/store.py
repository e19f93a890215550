"""The files of a study's results: their names, how they are written, and which are stored already.

The `iou` file of a part is its commit: written last, create-only, its footer naming the `predictions` file. A part that
exists is therefore complete. Files that neither the plan nor a footer names are ignored.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from job import SCHEMA_VERSION, storage
from job.errors import StorageError
from job.results.notes import to_json

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

    def write_boundary(self, name: str, rows: pa.Table, made: dict[str, Any]) -> bool:
        """Store the boundary metrics of a part; return False if another process has stored them."""
        return self._commit("boundary", name, _to_bytes(rows, made), full=True)

    def write_failure(self, chunk: str, record: dict[str, Any]) -> None:
        """Record why a chunk failed twice."""
        storage.write(self._failure(chunk), to_json(record))

    def failure(self, chunk: str) -> Any:
        """Return the record of a failed chunk as `write_failure` stored it, None if it cannot be read."""
        try:
            return json.loads(storage.read(self._failure(chunk)))
        except (StorageError, ValueError):
            return None

    def clear_failure(self, chunk: str) -> None:
        """Delete the record of a failed chunk before it is tried again."""
        storage.delete(self._failure(chunk))

    def failures(self) -> dict[str, storage.FileInfo]:
        """Return the records of failed chunks, by chunk."""
        files = storage.list_files(storage.join(self.output, "failed"), f"*{FAILED}")
        return {file.address.rsplit("/", 1)[-1].removesuffix(FAILED): file for file in files}

    def write_manifest(self, worker: str, manifest: dict[str, Any]) -> None:
        """Store the manifest of one worker's run."""
        storage.write(storage.join(self.output, "manifests", f"{worker}.json"), to_json(manifest))

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

    def prediction_files(self, parts: Iterable[str]) -> dict[str, str]:
        """Return the addresses of the `predictions` files that the footers of these parts name, by part."""
        stored: dict[str, list[str]] = {}
        for name in sorted(self.names("predictions")):
            stored.setdefault(name.rpartition("-")[0], []).append(name)
        addresses: dict[str, str] = {}
        for part, address in self.located("iou", parts).items():
            candidates = stored.get(part, [])
            if len(candidates) > 1:  # the others come from workers that were not first to commit the part
                metadata = pq.read_schema(io.BytesIO(storage.read(address))).metadata
                candidates = [read_footer(metadata)["predictions"].removesuffix(".parquet")]
            addresses.update((part, self._address("predictions", name)) for name in candidates)
        return addresses

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

    def _failure(self, chunk: str) -> str:
        return storage.join(self.output, "failed", f"{chunk}{FAILED}")

    def _address(self, table: str, name: str) -> str:
        return storage.join(self.output, table, f"{name}.parquet")


def read_footer(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    """Return the footer of a part, from its Parquet metadata; an empty dict if there is none."""
    footer: dict[str, Any] = json.loads((metadata or {}).get(FOOTER, b"{}"))
    return footer


def _first_stored(names: Iterable[str], stored: set[str]) -> str | None:
    return next((name for name in names if name in stored), None)


def _to_bytes(table: pa.Table, made: dict[str, Any]) -> bytes:
    schema = table.schema.with_metadata({FOOTER: json.dumps(made | {"schema": SCHEMA_VERSION}).encode()})
    sink = io.BytesIO()
    pq.write_table(table.cast(schema), sink, compression="zstd")
    return sink.getvalue()
