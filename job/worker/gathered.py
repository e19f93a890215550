"""What the portions of a chunk gave so far: tables, not images, so that a chunk may be larger than the memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from job.datasets.sample import Excluded
from job.evaluate.demand import Portion
from job.plan.file import Part
from job.results.filling import excluded_table, joined, objects_table
from job.results.tables import EPISODE_KEY, OBJECT_KEY
from job.worker.read_chunk import ChunkContent


@dataclass(frozen=True, kw_only=True)
class Scores:
    """A part's rows of one portion of the chunk, and how they were made. full: whether no image is missing."""

    iou: Any
    predictions: Any
    portion: Portion
    seconds: float
    full: bool


@dataclass
class Gathered:
    """The tables of one chunk, by the number of the portion."""

    _content: dict[int, tuple[Any, Sequence[Excluded], bool]] = field(default_factory=dict)
    _scores: defaultdict[str, dict[int, Scores]] = field(default_factory=lambda: defaultdict(dict))

    def note(self, portion: int, content: ChunkContent) -> None:
        """Note objects and ledger of a portion, in place of what was noted of it before."""
        self._content[portion] = (objects_table(content.samples), content.ledger, content.full_for_all)

    def add(self, part: Part, portion: int, scores: Scores) -> None:
        """Add a part's rows of a portion."""
        self._scores[part.name][portion] = scores

    def content(self) -> tuple[Any, Any, bool]:
        """Return the tables of objects and ledger, and whether no image is missing."""
        tables, lines, full = zip(*self._content.values(), strict=True)
        ledger = excluded_table([line for of_portion in lines for line in of_portion])
        return joined(tables, OBJECT_KEY), ledger, all(full)

    def scores(self, part: Part) -> Scores:
        """Return a part's rows of all portions. The portion is the largest number of images, the smallest batch."""
        of_part: Mapping[int, Scores] = self._scores[part.name]
        all_scores = list(of_part.values())
        return Scores(
            iou=joined([scores.iou for scores in all_scores], EPISODE_KEY),
            predictions=joined([scores.predictions for scores in all_scores], EPISODE_KEY),
            portion=Portion(
                max(scores.portion.images for scores in all_scores), min(scores.portion.batch for scores in all_scores)
            ),
            seconds=sum(scores.seconds for scores in all_scores),
            full=all(scores.full for scores in all_scores),
        )
