"""What a page is of: a study's summary, and how its rows were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from job.report.gallery import Gallery
from job.statistics.summarise import Summary


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A study as its output states it.

    output: its address without credentials. made: when the page was made. confidence: of
    the intervals, 0 to 1. summary: the marts, of what is stored.
    plan: its name. limit: raw slices of each data set, None for a full run. manifests: of the workers that stored rows.
    gallery: single cases. failed: parts that failed twice, by model.
    """

    study: str
    confidence: float
    output: str
    made: str
    summary: Summary
    plan: str
    limit: int | None
    precision: str
    manifests: Sequence[Mapping[str, Any]]
    gallery: Gallery = field(default_factory=Gallery)
    failed: Mapping[str, int] = field(default_factory=dict)

    @property
    def spec(self) -> Mapping[str, Any] | None:
        """The spec as written, from the newest manifest that has it; None before a worker has finished."""
        specs = [run["spec"] for run in self.manifests if run.get("spec")]
        return specs[-1] if specs else None

    def mart(self, name: str) -> pa.Table:
        """Return a mart."""
        return self.summary.marts[name]

    @property
    def models(self) -> list[str]:
        """The models, by name."""
        return list(self.mart("models")["model"].to_pylist())
