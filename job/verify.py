"""Looks at results as they lie in the store: how far a study is, and whether every stored score is true.

Needs the plan alone: no spec, no images, no weights.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Container, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pycocotools import mask as coco

from job import metrics, storage
from job.errors import JobError
from job.plan.file import Part, Plan
from job.results.store import PARTIAL, Results, footer
from job.results.tables import EPISODE_KEY, EXCLUDED, IOU, OBJECT_KEY, OBJECTS, PREDICTIONS

Row = dict[str, Any]
Key = tuple[Any, ...]
Files = Mapping[str, Mapping[str, str]]
"""Table -> name -> address, of what is there."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Parts of one model: planned, done in full, cut short by a storage error, and not done in a chunk that failed."""

    model: str
    planned: int
    done: int
    partial: int
    failed: int


def progress(results: Results, plan: Plan) -> list[Progress]:
    """Count the parts that are there, model by model, in the plan's order."""
    there, failures = results.names("iou"), results.failures()
    counts: dict[str, Counter[str]] = {}
    for part in plan.parts:
        counts.setdefault(part.model, Counter())[_state(part, there, failures)] += 1
    return [
        Progress(
            model=model,
            planned=found.total(),
            done=found["done"],
            partial=found["partial"],
            failed=found["failed"],
        )
        for model, found in counts.items()
    ]


def _state(part: Part, there: Container[str], failures: Container[str]) -> str:
    if part.name in there:
        return "done"
    if f"{part.name}{PARTIAL}" in there:
        return "partial"
    return "failed" if part.chunk in failures else "to do"


def failed_chunks(results: Results, plan: Plan) -> frozenset[str]:
    """Give the chunks that failed twice and have parts that no one else stored since."""
    there = results.done()
    return frozenset(results.failures()) & {part.chunk for part in plan.parts if part.name not in there}


def verify(results: Results, plan: Plan) -> Iterator[str]:
    """Name everything that is missing, unreadable, doubled or untrue; nothing if the results are sound.

    Chunk by chunk, so that memory stays bounded: an image is in one chunk, so its scores can be doubled there alone.
    """
    failed, there = failed_chunks(results, plan), results.names("iou")
    files = _files(results, plan)
    for chunk, its_parts in plan.parts_by_chunk.items():
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
        for part in its_parts:
            if _state(part, there, failed) == "partial":
                yield f"iou/{part.name}: cut short, as storage failed; run the study again to make it whole"
            yield from _verify_part(files, part, objects, seen)


def _files(results: Results, plan: Plan) -> Files:
    """List each table once. Scores come first: their predictions were stored before them."""
    return {
        "iou": results.located("iou", (part.name for part in plan.parts)),
        "objects": results.located("objects", (chunk.name for chunk in plan.chunks)),
        "excluded": results.ledgers(plan.part_names),
        "predictions": {name: file.address for name, file in results.listed("predictions").items()},
    }


def _verify_ledger(files: Files, chunk: str) -> Iterator[str]:
    """Name what was left out as an error: the scores are true, but not all that were asked for."""
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
    given = yield from _table(files, "predictions", name, PREDICTIONS)
    predictions = {_key(row, EPISODE_KEY): row for row in given.to_pylist()} if given is not None else {}
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
    """Score a case again from its run-lengths."""
    size = [truth["height"], truth["width"]]
    both = [{"size": size, "counts": counts.encode("ascii")} for counts in (truth["truth"], prediction["mask"])]
    intersection, union = (int(coco.area(coco.merge(both, intersect=joined))) for joined in (True, False))
    return (
        (row["intersection_px"], row["union_px"]) == (intersection, union)
        and union > 0
        and row["iou"] == metrics.iou(intersection, union)
        and row["dice"] == metrics.dice(intersection, union)
    )


def _table(files: Files, table: str, name: str, schema: pa.Schema) -> Generator[str, None, pa.Table | None]:
    """Read one file; name what is wrong with it, and return the table if it can be used."""
    address, shown = files[table].get(name), f"{table}/{name}"
    if address is None:
        yield f"{shown}: missing"
        return None
    try:
        found = pq.read_table(io.BytesIO(storage.read(address)))
    except (pa.ArrowException, OSError, JobError) as error:
        yield f"{shown}: unreadable: {error}"
        return None
    if found.schema.remove_metadata() != schema:
        yield f"{shown}: its columns are not those of this version"
        return None
    return found


def _key(row: Row, fields: list[pa.Field]) -> Key:
    return tuple(row[field.name] for field in fields)


def _shown(key: Key) -> str:
    return ", ".join(str(part) for part in key)
