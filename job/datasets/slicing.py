"""Which slices of a volume are evaluated. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from job.study.dataset import Every, Slices


def raw_slices(rule: Slices, count: int) -> tuple[int, ...]:
    """List the slices that a rule may keep in a volume of `count`, ascending, known from its header alone.

    Indices beyond the volume stay in: they have to be looked at to be told as errors.
    """
    if rule.indices is not None:
        return tuple(sorted(set(rule.indices)))
    return tuple(range(0, count, rule.keep.every if isinstance(rule.keep, Every) else 1))


def lists_empty(rule: Slices) -> bool:
    """Whether a slice without any object was asked for, so that the ledger must list it."""
    return rule.indices is not None or rule.keep not in ("labelled", "largest")


def largest(object_px: Sequence[int]) -> int | None:
    """Give the slice with most object pixels, the first of equals; None where no slice has any."""
    most = max(object_px, default=0)
    return object_px.index(most) if most else None
