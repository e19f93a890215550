"""Lines of the ledger about one source."""

from __future__ import annotations

from job.datasets.sample import Axis, Excluded, Kind
from job.datasets.source import Source
from job.study.dataset import Dataset


def axis_of(dataset: Dataset, source: Source) -> Axis:
    """Along which axis a source is cut; `none` for 2D."""
    return dataset.slices.axis if source.is_volume else "none"


def line(
    dataset: Dataset, source: Source, index: int, task: str | None, kind: Kind, reason: str, detail: str
) -> Excluded:
    """Write one line, on slice `index`."""
    axis = axis_of(dataset, source)
    return Excluded(
        dataset=dataset.name,
        image=source.image,
        axis=axis,
        slice=index,
        task=task,
        kind=kind,
        reason=reason,
        detail=detail,
    )
