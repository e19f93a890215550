"""The values of a spec with their lines and columns, and the faults that name them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from job.errors import Fault
from job.study.addresses import without_secrets

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Where a value stands. Line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass
class YamlSource:
    """A parsed file: `data` with variables expanded, `raw` as written, and the place of every value.

    Both hold included data sets in the place of `!include`; `places` names the files that these come from.

    unset: variables without a value -> the paths of the values that need them.
    """

    file: str
    data: Any = None
    raw: Any = None
    faults: list[Fault] = field(default_factory=list)
    unset: dict[str, list[Path]] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)

    def fault(self, path: Path, expected: str, value: Any = None, hint: str | None = None) -> Fault:
        """Return a fault at `path`, or at the nearest existing value above it."""
        while path not in self.places and path:
            path = path[:-1]
        file, line, column = self.places.get(path, (self.file, 1, 1))
        shown = None if value is None else shorten(value) or "''"
        return Fault(
            file=file,
            line=line,
            column=column,
            field=dotted(path),
            expected=expected,
            value=shown,
            hint=hint,
        )

    def as_written(self, path: Path, value: Any) -> Any:
        """Return a value as written in the file, because the value of a `${VAR}` must not be logged."""
        raw = self.raw
        for key in path:
            try:
                raw = raw[key]
            except (LookupError, TypeError):
                return value
        return raw if isinstance(value, str) and isinstance(raw, str) else value


def character_fault(file: str, before: str, what: str) -> Fault:
    """Return the fault of a character or byte that YAML forbids. before: the text up to it."""
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Fault(file=file, line=line, column=column, field="", expected=f"not readable as YAML: {what}")


def dotted(path: Path) -> str:
    """Format a path as in `datasets[0].tasks.WM`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{shorten(key)}" for key in path)
    return text.removeprefix(".")


def shorten(value: Any, limit: int = 80) -> str:
    """Format a value in one line of printable characters, without the secrets of addresses."""
    text = without_secrets(value if isinstance(value, str) else repr(value))
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
