"""Along which axis a source is cut, and which of its slices are evaluated. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from job.datasets.sample import Axis
from job.datasets.source import Source
from job.study.dataset import Dataset, Every, Slices


def axis_of(dataset: Dataset, source: Source) -> Axis:
    """Return the axis along which a source is cut into slices; `none` for a 2D image."""
    return dataset.slices.axis if source.is_volume else "none"


def candidates(rule: Slices, count: int) -> tuple[int, ...]:
    """Return the slices of a volume of `count` slices that a rule may keep, in ascending order.

    Indices beyond the end of the volume are included, so that each becomes an error in the ledger.
    """
    if rule.indices is not None:
        return tuple(sorted(set(rule.indices)))
    return tuple(range(0, count, rule.keep.every if isinstance(rule.keep, Every) else 1))


def lists_empty(rule: Slices) -> bool:
    """Return whether the ledger lists the candidates that hold no object."""
    return rule.indices is not None or rule.keep not in ("labelled", "largest")


def largest(object_px: Sequence[int]) -> int | None:
    """Return the position of the highest count, the first if several are equal; None if all are 0."""
    most = max(object_px, default=0)
    return object_px.index(most) if most else None
