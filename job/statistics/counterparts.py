"""Which model of one output is compared with which of another: that of its name, or the one that the user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from job.errors import JobError


@dataclass(frozen=True, kw_only=True)
class Counterparts:
    """Which models are compared.

    pairs: models of the first output -> of the second. before, after: the models of each that have no counterpart.
    """

    pairs: Mapping[str, str]
    before: tuple[str, ...]
    after: tuple[str, ...]


def counterparts(before: Sequence[str], after: Sequence[str], named: Sequence[tuple[str, str]]) -> Counterparts:
    """Pair the models of two outputs. named: models of the first output and of the second, as the user pairs them.

    A model that the user names has no other counterpart. Raise JobError for a name that an output does not have, or
    that has two counterparts.
    """
    for place, (known, which) in enumerate(((before, "first"), (after, "second"))):
        names = [pair[place] for pair in named]
        for name in names:
            if name not in known:
                raise JobError(f"--model: expected models of the {which} output: {', '.join(known)}; got {name}")
            if names.count(name) > 1:
                raise JobError(f"--model: expected one counterpart of {name} of the {which} output; got several")
    theirs = {name for _, name in named}
    pairs = dict(named)
    pairs |= {name: name for name in before if name in after and name not in pairs and name not in theirs}
    return Counterparts(
        pairs=pairs,
        before=tuple(name for name in before if name not in pairs),
        after=tuple(name for name in after if name not in pairs.values()),
    )
