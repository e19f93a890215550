"""Store what a chunk gives, in one thread and in order, while the worker goes on with the next part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from job.plan.file import Chunk, Part
from job.results.filling import outcome_tables
from job.results.outcome import Outcome
from job.results.store import Results
from job.worker.gathered import Gathered, Scores
from job.worker.read_chunk import ChunkContent
from job.worker.tally import Tally

Made = Callable[[Part, Scores], dict[str, Any]]
"""Describes how a part was made, for its footer."""


class Storing:
    """The tables of one chunk on their way to the results.

    writer: one thread, so that a chunk's objects are stored before its parts. What fails there is raised by
    `stored_content` and `stored_part`; calling them again tries again.
    """

    def __init__(self, chunk: Chunk, results: Results, writer: Executor, tally: Tally, made: Made) -> None:
        self._chunk, self._results, self._writer, self._tally, self._made = chunk, results, writer, tally, made
        self._gathered = Gathered()
        self._portion = 0
        self._tables: dict[tuple[str, int], Future[None]] = {}
        self._content: Future[None] | None = None
        self._parts: dict[str, Future[int]] = {}

    def next_portion(self) -> None:
        """Go on to the next portion of the chunk. The tables of this one are made first: they need its images."""
        for tables in self._tables.values():
            tables.result()
        self._portion += 1

    def content(self, content: ChunkContent) -> None:
        """Note what the portion in hand holds; with the last portion, store the objects and the ledger of the chunk."""
        self._content = self._writer.submit(self._write_content, self._portion, content)

    def stored_content(self) -> None:
        """Wait until objects and ledger are stored."""
        content, self._content = self._content, None
        (content or self._writer.submit(self._write_objects)).result()

    def has_scores(self, part: Part) -> bool:
        """Return whether the outcomes of a part on the portion in hand have been given."""
        return (part.name, self._portion) in self._tables

    def scores(self, part: Part, precision: str, outcomes: Sequence[Outcome], **how: Any) -> None:
        """Make the tables of a part on the portion in hand. how: see `Scores`."""
        self._tables[part.name, self._portion] = self._writer.submit(
            self._make_tables, part, self._portion, precision, outcomes, how
        )

    def part(self, part: Part) -> None:
        """Store a part of whose portions all outcomes have been given."""
        self._parts[part.name] = self._writer.submit(self._write_part, part)

    def stored_part(self, part: Part) -> int:
        """Wait until a part is stored; return the number of its rows."""
        for (name, _), tables in self._tables.items():
            if name == part.name:
                tables.result()
        return (self._parts.pop(part.name, None) or self._writer.submit(self._write_part, part)).result()

    def _make_tables(
        self, part: Part, portion: int, precision: str, outcomes: Sequence[Outcome], how: dict[str, Any]
    ) -> None:
        with self._tally.stage("write"):
            iou, predictions = outcome_tables(
                outcomes, model=part.model, precision=precision, seed=part.seed, part=part.name
            )
            self._gathered.add(part, portion, Scores(iou=iou, predictions=predictions, **how))

    def _write_content(self, portion: int, content: ChunkContent) -> None:
        with self._tally.stage("write"):
            self._gathered.note(portion, content)
        if content.more is None:
            self._write_objects()

    def _write_objects(self) -> None:
        with self._tally.stage("write"):
            objects, ledger, full = self._gathered.content()
            self._results.write_chunk(self._chunk.name, objects, ledger, full=full)

    def _write_part(self, part: Part) -> int:
        with self._tally.stage("write"):
            scores = self._gathered.scores(part)
            self._results.write_part(
                part.name, scores.iou, scores.predictions, self._made(part, scores), full=scores.full
            )
        return int(scores.iou.num_rows)
