"""Verify stored results: every file is present and readable, no row is repeated, every score follows from its masks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import pyarrow as pa

from job import storage
from job.audit.status import failed_chunks, part_state
from job.errors import JobError
from job.plan.file import Part, Plan
from job.results import run_lengths
from job.results.store import Results, read_footer
from job.results.tables import EPISODE_KEY, EXCLUDED, IOU, OBJECT_KEY, OBJECTS, PREDICTIONS
from job.results.unpacking import rows_of

Row = dict[str, Any]
Key = tuple[Any, ...]
Files = Mapping[str, Mapping[str, str]]
"""Table -> name -> address of the stored files."""


def verify(results: Results, plan: Plan) -> Iterator[str]:
    """Describe every problem of the results; yield nothing if they are sound.

    One chunk is read at a time, so that memory stays bounded. All rows of one key are in the same chunk.
    """
    failed, stored = failed_chunks(results, plan), results.names("iou")
    files = _files(results, plan)
    for chunk, parts in plan.parts_by_chunk.items():
        if chunk in failed:
            yield f"failed/{chunk}: failed twice; the file says why; run the study again to try once more"
        yield from _verify_ledger(files, chunk)
        objects = yield from _verify_objects(files, chunk)
        seen: Counter[Key] = Counter()
        for part in parts:
            if part_state(part, stored, failed) == "partial":
                yield (
                    f"iou/{part.name}: cut short, for storage failed, memory was short or prompts were faulty; run the "
                    "study again"
                )
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
    """Report the errors in the ledger: not everything that was planned could be evaluated."""
    table = yield from _table(files, "excluded", chunk, EXCLUDED)
    errors = [row for row in table.to_pylist() if row["kind"] == "error"] if table is not None else []
    if errors:
        first = errors[0]
        yield (
            f"excluded/{chunk}: {len(errors)} lines are errors, such as {first['image']}: {first['reason']}: "
            f"{first['detail']}"
        )


def _verify_objects(files: Files, chunk: str) -> Generator[str, None, dict[Key, Row]]:
    """Report repeated objects; return the objects of a chunk by key."""
    table = yield from _table(files, "objects", chunk, OBJECTS)
    objects: dict[Key, Row] = {}
    for row in table.to_pylist() if table is not None else ():
        key = _key(row, OBJECT_KEY)
        if key in objects:
            yield f"objects/{chunk}: repeated object: {_shown(key)}"
        objects[key] = row
    return objects


def _verify_part(files: Files, part: Part, objects: Mapping[Key, Row], seen: Counter[Key]) -> Iterator[str]:
    """Verify the scores of a part. seen: how often each key has occurred in the chunk, in this part or others.

    The model of the rows is the plan's: it may have had another name when they were stored.
    """
    scores = yield from _table(files, "iou", part.name, IOU)
    if scores is None:
        return
    made = read_footer(scores.schema.metadata)
    if made.get("rows") != scores.num_rows:
        yield f"iou/{part.name}: {scores.num_rows} rows, but {made.get('rows')} in its footer"
    name = str(made.get("predictions", "")).removesuffix(".parquet")
    table = yield from _table(files, "predictions", name, PREDICTIONS)
    model = {"model": part.model}
    predictions = {_key(row | model, EPISODE_KEY): row for row in table.to_pylist()} if table is not None else {}
    for row in scores.to_pylist():
        key = _key(row | model, EPISODE_KEY)
        seen[key] += 1
        if seen[key] == 2:
            yield f"iou/{part.name}: repeated score, here or in another part: {_shown(key)}"
        truth, prediction = objects.get(_key(row, OBJECT_KEY)), predictions.get(key)
        if truth is None or prediction is None:
            missing = "object" if truth is None else "prediction"
            yield f"iou/{part.name}: a score without its {missing}: {_shown(key)}"
        elif not _follows_from_masks(row, truth, prediction):
            yield f"iou/{part.name}: the masks do not give this score: {_shown(key)}"


def _follows_from_masks(row: Row, truth: Row, prediction: Row) -> bool:
    """Return whether the score of an episode equals the one that its run-lengths give."""
    scores = run_lengths.scores(truth["truth"], prediction["mask"], truth["height"], truth["width"])
    return scores is not None and all(row[column] == value for column, value in scores.items())


def _table(files: Files, table: str, name: str, schema: pa.Schema) -> Generator[str, None, pa.Table | None]:
    """Read one file. Yield what is wrong with it; return its rows, or None if they cannot be used."""
    address, shown = files[table].get(name), f"{table}/{name}"
    if address is None:
        yield f"{shown}: missing"
        return None
    try:
        rows = rows_of(storage.read(address))
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
    return ", ".join(str(value) for value in key)
