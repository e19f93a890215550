"""Names for the columns of the wide tables, one for each task, none of which SQL takes for another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count


def column_names(tasks: Sequence[tuple[str, str]]) -> list[str]:
    """Return a name for each (data set, task), such as `CT: liver`.

    SQL ignores case, and a colon may be part of either name: of equal names, the second gets ` (2)`, the next ` (3)`.
    """
    names: list[str] = []
    taken: set[str] = set()
    for dataset, task in tasks:
        plain = f"{dataset}: {task}"
        name = (
            plain
            if plain.casefold() not in taken
            else next(numbered for n in count(2) if (numbered := f"{plain} ({n})").casefold() not in taken)
        )
        names.append(name)
        taken.add(name.casefold())
    return names
