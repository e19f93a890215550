"""What a spec said and where: values with their places, and how a fault names them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from job.errors import Fault
from job.study.addresses import without_secrets

Path = tuple[str | int, ...]


@dataclass
class YamlSource:
    """The parsed file: `data` with variables filled in, `raw` as written, and the place of every value."""

    file: str
    data: Any = None
    raw: Any = None
    faults: list[Fault] = field(default_factory=list)
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def fault(self, path: Path, expected: str, value: Any = None, hint: str | None = None) -> Fault:
        """Describe a fault at `path`, or at the nearest value above it that exists."""
        while path not in self.places and path:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        came = None if value is None else shorten(value)
        return Fault(
            file=self.file,
            line=line,
            column=column,
            field=dotted(path),
            expected=expected,
            value=came,
            hint=hint,
        )

    def as_written(self, path: Path, value: Any) -> Any:
        """Give a value as it stands in the file: what `${VAR}` holds is not for logs."""
        raw = self.raw
        for part in path:
            try:
                raw = raw[part]
            except (LookupError, TypeError):
                return value
        return raw if isinstance(value, str) and isinstance(raw, str) else value


def character_fault(file: str, before: str, what: str) -> Fault:
    """Refuse a character or byte that no YAML may hold; `before` is the text up to there."""
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Fault(file=file, line=line, column=column, field="", expected=f"not readable as YAML: {what}")


def dotted(path: Path) -> str:
    """Write a path as people do: `datasets[0].tasks.WM`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{shorten(part)}" for part in path)
    return text.removeprefix(".")


def shorten(value: Any, limit: int = 80) -> str:
    """Write a value in one line of printable characters, without what an address may hold of secrets."""
    text = without_secrets(value if isinstance(value, str) else repr(value))
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
