"""Verify stored results: every file present and readable, nothing doubled, every score true to its masks."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from job import storage
from job.audit.status import failed_chunks, part_state
from job.errors import JobError
from job.metrics import overlap
from job.plan.file import Part, Plan
from job.results import run_lengths
from job.results.store import Results, footer
from job.results.tables import EPISODE_KEY, EXCLUDED, IOU, OBJECT_KEY, OBJECTS, PREDICTIONS

Row = dict[str, Any]
Key = tuple[Any, ...]
Files = Mapping[str, Mapping[str, str]]
"""Table -> name -> address of the stored files."""


def verify(results: Results, plan: Plan) -> Iterator[str]:
    """Describe everything that is missing, unreadable, doubled or untrue; yield nothing if the results are sound.

    Works chunk by chunk, so that memory stays bounded; an image is in one chunk, so doubled scores show there.
    """
    failed, stored = failed_chunks(results, plan), results.names("iou")
    files = _files(results, plan)
    for chunk, parts in plan.parts_by_chunk.items():
        if chunk in failed:
            yield f"failed/{chunk}: failed twice; the file says why; run the study again to try once more"
        objects: dict[Key, Row] = {}
        yield from _verify_ledger(files, chunk)
        table = yield from _table(files, "objects", chunk, OBJECTS)
        for row in table.to_pylist() if table is not None else ():
            key = _key(row, OBJECT_KEY)
            if key in objects:
                yield f"objects/{chunk}: an object stands here twice: {_shown(key)}"
            objects[key] = row
        seen: Counter[Key] = Counter()
        for part in parts:
            if part_state(part, stored, failed) == "partial":
                yield f"iou/{part.name}: cut short, as storage failed; run the study again to make it whole"
            yield from _verify_part(files, part, objects, seen)


def _files(results: Results, plan: Plan) -> Files:
    """List each table once. Scores come first, because their predictions were stored before them."""
    return {
        "iou": results.located("iou", (part.name for part in plan.parts)),
        "objects": results.located("objects", (chunk.name for chunk in plan.chunks)),
        "excluded": results.ledgers(plan.part_names),
        "predictions": {name: file.address for name, file in results.listed("predictions").items()},
    }


def _verify_ledger(files: Files, chunk: str) -> Iterator[str]:
    """Report errors in the ledger: the scores are true, but not all that was asked for is there."""
    table = yield from _table(files, "excluded", chunk, EXCLUDED)
    errors = [row for row in table.to_pylist() if row["kind"] == "error"] if table is not None else []
    if errors:
        first = errors[0]
        yield (
            f"excluded/{chunk}: {len(errors)} lines are errors, such as {first['image']}: {first['reason']}: "
            f"{first['detail']}"
        )


def _verify_part(files: Files, part: Part, objects: dict[Key, Row], seen: Counter[Key]) -> Iterator[str]:
    scores = yield from _table(files, "iou", part.name, IOU)
    if scores is None:
        return
    made = footer(scores.schema.metadata)
    if made.get("rows") != scores.num_rows:
        yield f"iou/{part.name}: {scores.num_rows} rows, where its footer says {made.get('rows')}"
    name = str(made.get("predictions", "")).removesuffix(".parquet")
    table = yield from _table(files, "predictions", name, PREDICTIONS)
    predictions = {_key(row, EPISODE_KEY): row for row in table.to_pylist()} if table is not None else {}
    for row in scores.to_pylist():
        key = _key(row, EPISODE_KEY)
        seen[key] += 1
        if seen[key] == 2:
            yield f"iou/{part.name}: a score stands here, and here or in another part, twice: {_shown(key)}"
        truth, prediction = objects.get(_key(row, OBJECT_KEY)), predictions.get(key)
        if truth is None or prediction is None:
            missing = "object" if truth is None else "prediction"
            yield f"iou/{part.name}: a score without its {missing}: {_shown(key)}"
        elif not _is_true(row, truth, prediction):
            yield f"iou/{part.name}: the masks do not give this score: {_shown(key)}"


def _is_true(row: Row, truth: Row, prediction: Row) -> bool:
    """Score a case again from its run-lengths and compare."""
    intersection, union = run_lengths.intersection_and_union(
        truth["truth"], prediction["mask"], truth["height"], truth["width"]
    )
    return (
        (row["intersection_px"], row["union_px"]) == (intersection, union)
        and union > 0
        and row["iou"] == overlap.iou(intersection, union)
        and row["dice"] == overlap.dice(intersection, union)
    )


def _table(files: Files, table: str, name: str, schema: pa.Schema) -> Generator[str, None, pa.Table | None]:
    """Read one file; yield what is wrong with it, and return the table if it can be used."""
    address, shown = files[table].get(name), f"{table}/{name}"
    if address is None:
        yield f"{shown}: missing"
        return None
    try:
        rows = pq.read_table(io.BytesIO(storage.read(address)))
    except (pa.ArrowException, OSError, JobError) as error:
        yield f"{shown}: unreadable: {error}"
        return None
    if rows.schema.remove_metadata() != schema:
        yield f"{shown}: its columns are not those of this version"
        return None
    return rows


def _key(row: Row, fields: list[pa.Field]) -> Key:
    return tuple(row[field.name] for field in fields)


def _shown(key: Key) -> str:
    return ", ".join(str(part) for part in key)
